"""What no row of a table may be, one rule a kind of damage, each with the statements that mend it.

A rule finds at most `MOST` rows at a time, in one statement that sees one moment: changes under way are no findings.
It answers (drive or 0, the row, words for people). What mends it is run for that row in a transaction under the drive's
lock, or without one for rows of no drive; `:revision` is that transaction's.
"""

from typing import NamedTuple

from davdrive.metadata.doomed import LATEST_WINS
from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import PENDING, ROOT

MOST = 1000
"""Findings of one rule that are told at a time; --repair asks again until there are none."""

DOOMED_AFTER_MS = 86_400_000
"""Objects of forgotten parts are deleted a day later, when no request can be writing to them."""


class RowRule(NamedTuple):
    """`message`: with `{}` where the words for people go. `mend`: what mends it, in this order; empty: nothing does."""

    promise: str
    message: str
    find: Statement
    mend: tuple[Statement, ...] = ()
    by: str = ""


def _overlap(table: str, column: str) -> Statement:
    """The earlier of two rows of one node that hold at the same time. A negative `until` is a name on its way out."""
    return Statement(f"""
        SELECT o.drive, o.id, o.{column} FROM {table} v JOIN {table} o ON o.drive = v.drive AND o.node = v.node
            AND o.id <> v.id AND (o.since < v.since OR (o.since = v.since AND o.id < v.id))
            AND (o.until IS NULL OR o.until > v.since)
        WHERE v.until IS NULL OR v.until > v.since LIMIT :most""")


def _end_at_next(table: str) -> Statement:
    return Statement(f"""
        UPDATE {table} SET until = (SELECT min(l.since) FROM {table} l WHERE l.drive = {table}.drive
            AND l.node = {table}.node AND l.id <> {table}.id AND l.since >= {table}.since) WHERE id = :row""")


def _backwards(table: str, column: str) -> Statement:
    return Statement(f"""
        SELECT drive, id, {column} FROM {table} WHERE until >= 0 AND until < since LIMIT :most""")


_LATEST = """(SELECT max(revision) FROM (
    SELECT max(c.revision) AS revision FROM commits c WHERE c.drive = drives.id
    UNION ALL SELECT max(v.since) FROM versions v WHERE v.drive = drives.id
    UNION ALL SELECT max(v.until) FROM versions v WHERE v.drive = drives.id
    UNION ALL SELECT max(e.since) FROM entries e WHERE e.drive = drives.id
    UNION ALL SELECT max(e.until) FROM entries e WHERE e.drive = drives.id) every)"""
_PARTS_LEFT = f"NOT EXISTS (SELECT 1 FROM uploads u WHERE u.id = p.upload AND u.state = {PENDING})"
_NOBODY = 'NOT EXISTS (SELECT 1 FROM users u WHERE u.id = {}."user")'

RULES = (
    RowRule(
        "P5", "the drive {} counts its changes too low: the next ones would be taken for old ones",
        Statement(f"SELECT 0, id, name FROM drives WHERE revision < {_LATEST} LIMIT :most"),
        # Never lower: others may count on while this waits for its turn.
        (Statement(f"UPDATE drives SET revision = {{GREATEST}}(revision, {_LATEST}) WHERE id = :row"),),
        "go on above the highest",
    ),
    RowRule(
        "P5", "the drive {} has no root",
        Statement(f"""
            SELECT d.id, d.id, d.name FROM drives d
            WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.drive = d.id AND n.id = {ROOT}) LIMIT :most"""),
        (Statement(f"""
            INSERT INTO nodes (drive, id, kind, created_ms, modified_ms)
            VALUES (:row, {ROOT}, 0, {{NOW_MS}}, {{NOW_MS}})"""),),
        "make it a root",
    ),
    RowRule(
        "P5", "node {} is neither a file nor a collection",
        Statement("SELECT drive, id, id FROM nodes WHERE kind NOT IN (0, 1) LIMIT :most"),
        (Statement("""
            UPDATE nodes SET kind = CASE WHEN EXISTS (SELECT 1 FROM versions v WHERE v.drive = nodes.drive
                AND v.node = nodes.id) THEN 1 ELSE 0 END WHERE drive = :drive AND id = :row"""),),
        "make it what its contents say",
    ),
    RowRule(
        "P5", "a collection (node {}) is taken for a file",
        Statement(f"""
            SELECT n.drive, n.id, n.id FROM nodes n WHERE n.kind = 1 AND (n.id = {ROOT} OR (
                NOT EXISTS (SELECT 1 FROM versions v WHERE v.drive = n.drive AND v.node = n.id)
                AND EXISTS (SELECT 1 FROM entries e WHERE e.drive = n.drive AND e.parent = n.id AND e.until IS NULL)))
            LIMIT :most"""),
        (Statement("UPDATE nodes SET kind = 0 WHERE drive = :drive AND id = :row"),), "make it a collection again",
    ),
    RowRule(
        "P5", "a file (node {}) is taken for a collection",
        Statement(f"""
            SELECT n.drive, n.id, n.id FROM nodes n WHERE n.kind = 0 AND n.id <> {ROOT}
                AND EXISTS (SELECT 1 FROM versions v WHERE v.drive = n.drive AND v.node = n.id)
                AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.drive = n.drive AND e.parent = n.id AND e.until IS NULL)
            LIMIT :most"""),
        (Statement("UPDATE nodes SET kind = 1 WHERE drive = :drive AND id = :row"),), "make it a file again",
    ),
    RowRule(
        "P6", "bytes are stored of a file (node {}) that is not there",
        Statement("""
            SELECT DISTINCT v.drive, v.node, v.node FROM versions v
            WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.drive = v.drive AND n.id = v.node) LIMIT :most"""),
        (Statement("""
            INSERT INTO nodes (drive, id, kind, created_ms, modified_ms)
            VALUES (:drive, :row, 1, {NOW_MS}, {NOW_MS})"""),),
        "make the file again, which then has no name",
    ),
    RowRule(
        "P5", "something called {!r} has two names at the same time", _overlap("entries", "name"),
        (_end_at_next("entries"),), "let the earlier name end where the later begins",
    ),
    RowRule(
        "P5", "a file (node {}) has two contents at the same time", _overlap("versions", "node"),
        (_end_at_next("versions"),), "let the earlier one end where the later begins",
    ),
    RowRule(
        "P5", "the name {!r} ended before it began", _backwards("entries", "name"),
        (Statement("UPDATE entries SET until = since WHERE id = :row"),), "let it end where it began",
    ),
    RowRule(
        "P5", "a content of a file (node {}) ended before it began", _backwards("versions", "node"),
        (Statement("UPDATE versions SET until = since WHERE id = :row"),), "let it end where it began",
    ),
    RowRule(
        "P6", "a file (node {}) has no content, though it had one before",
        Statement("""
            SELECT n.drive, n.id, n.id FROM nodes n WHERE n.kind = 1
                AND EXISTS (SELECT 1 FROM versions v WHERE v.drive = n.drive AND v.node = n.id)
                AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.drive = n.drive AND v.node = n.id AND v.until IS NULL)
            LIMIT :most"""),
        (Statement("""
            UPDATE versions SET until = NULL, draft = 0 WHERE id = (SELECT max(v.id) FROM versions v
                WHERE v.drive = :drive AND v.node = :row)"""),),
        "let it have its last content again",
    ),
    RowRule(
        # Where the content's own rows do not add up, it is not the file that is wrong.
        "P6", "a content of a file (node {}) has another size than the file says",
        Statement("""
            SELECT v.drive, v.id, v.node FROM versions v JOIN contents c ON c.id = v.content WHERE c.size <> v.size
                AND c.size = COALESCE((SELECT sum(s.length) FROM segments s WHERE s.content = c.id), length(c.inline))
            LIMIT :most"""),
        (Statement("""
            UPDATE versions SET size = (SELECT c.size FROM contents c WHERE c.id = versions.content)
            WHERE id = :row"""),),
        "take the size of the content",
    ),
    RowRule(
        "P3", "a lock on {} holds nothing",
        Statement(f"""
            SELECT l.drive, l.token, l.path FROM locks l WHERE l.node <> {ROOT} AND NOT EXISTS (
                SELECT 1 FROM entries e WHERE e.drive = l.drive AND e.node = l.node AND e.until IS NULL)
            LIMIT :most"""),
        (Statement("DELETE FROM locks WHERE token = :row"),), "remove it",
    ),
    RowRule(
        "P8", "an unfinished upload into the drive {} counts other bytes than it has",
        Statement(f"""
            SELECT u.drive, u.id, d.name FROM uploads u JOIN drives d ON d.id = u.drive WHERE u.state = {PENDING}
                AND u.received <> (SELECT COALESCE(sum(p.length), 0) FROM parts p WHERE p.upload = u.id)
            LIMIT :most"""),
        (Statement("""
            UPDATE uploads SET received = (SELECT COALESCE(sum(p.length), 0) FROM parts p WHERE p.upload = :row)
            WHERE id = :row"""),),
        "count them again",
    ),
    RowRule(
        "P6", "parts are kept of an upload ({}) that is not there or over",
        Statement(f"SELECT DISTINCT 0, p.upload, p.upload FROM parts p WHERE {_PARTS_LEFT} LIMIT :most"),
        (
            Statement(f"""
                INSERT INTO doomed (object_key, after_ms) SELECT p.object_key, {{NOW_MS}} + {DOOMED_AFTER_MS}
                FROM parts p WHERE p.upload = :row AND p.length > 0 AND {_PARTS_LEFT}
                GROUP BY p.object_key {LATEST_WINS}"""),
            Statement(f"""
                DELETE FROM parts WHERE upload = :row AND {_PARTS_LEFT.replace('p.upload', 'parts.upload')}"""),
        ),
        "forget them",
    ),
    RowRule(
        "database", "a property ({}) is of nothing",
        Statement("""
            SELECT DISTINCT p.drive, p.node, p.name FROM properties p WHERE NOT EXISTS (
                SELECT 1 FROM nodes n WHERE n.drive = p.drive AND n.id = p.node) LIMIT :most"""),
        (Statement("DELETE FROM properties WHERE drive = :drive AND node = :row"),), "remove it",
    ),
    RowRule(
        "database", "somebody who is no user (number {}) has a role on a drive",
        Statement(f'SELECT m.drive, m."user", m."user" FROM members m WHERE {_NOBODY.format("m")} LIMIT :most'),
        (Statement('DELETE FROM members WHERE drive = :drive AND "user" = :row'),), "remove it",
    ),
    RowRule(
        "database", "an app password is of somebody who is no user (number {})",
        Statement(f'SELECT 0, a.id, a."user" FROM app_passwords a WHERE {_NOBODY.format("a")} LIMIT :most'),
        (Statement("DELETE FROM app_passwords WHERE id = :row"),), "remove it",
    ),
    RowRule(
        "database", "{} has a role that there is not; give it again with `davdrive drive grant`",
        Statement("""
            SELECT m.drive, m."user", u.name FROM members m JOIN users u ON u.id = m."user"
            WHERE m.role NOT IN (1, 2, 3) LIMIT :most"""),
    ),
)  # fmt: skip
"""In an order in which mending one does not undo another."""


def broken_rows(session: Session, rule: RowRule) -> list[Row]:
    """(drive, row, words) of what breaks a rule."""
    return session.rows(rule.find, most=MOST)


def mend_row(session: Session, rule: RowRule, drive: int, row: int | str, revision: int) -> None:
    """Mend what a rule found."""
    for statement in rule.mend:
        session.run(statement, drive=drive, row=row, revision=revision)
