"""Looking for rows that break a promise, page by page, for `davdrive check`.

Every statement reads a bounded number of rows from where the last page ended. Rows that change meanwhile are no
findings: whoever reports one asks again first.
"""

from decimal import Decimal
from typing import NamedTuple

from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement

PAGE_ROWS = 2000
"""Rows of one page: a statement stays far below any time limit."""

DEEPEST = 1000
"""A walk upwards that is longer goes in a circle: a path has at most some hundred names."""

_DRIVES = Statement("""
    SELECT d.id, d.name, d.name_key, d.case_insensitive, d.used_bytes, COALESCE(s.stored, 0) + COALESCE(p.stored, 0),
        d.next_node, (SELECT max(n.id) FROM nodes n WHERE n.drive = d.id)
    FROM drives d LEFT JOIN (SELECT drive, sum(size) AS stored FROM versions GROUP BY drive) s ON s.drive = d.id
    LEFT JOIN (SELECT u.drive, sum(q.length) AS stored FROM parts q JOIN uploads u ON u.id = q.upload
        GROUP BY u.drive) p ON p.drive = d.id
    ORDER BY d.id""")
_ENTRIES = Statement("""
    SELECT e.id, e.drive, e.parent, e.node, e.name, e.name_key, e.since, n.kind, p.kind,
        (SELECT max(v.id) FROM versions v WHERE v.drive = e.drive AND v.node = e.node AND v.until IS NULL),
        (SELECT min(t.id) FROM entries t WHERE t.drive = e.drive AND t.parent = e.parent AND t.name_key = e.name_key
            AND t.until IS NULL AND t.id < e.id)
    FROM entries e
    LEFT JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN nodes p ON p.drive = e.drive AND p.id = e.parent
    WHERE e.id > :after AND e.until IS NULL ORDER BY e.id LIMIT :most""")
_CIRCLES = Statement("""
    WITH RECURSIVE up(drive, start, node, depth) AS (
        SELECT * FROM (
            SELECT e.drive, e.node, e.parent, 1 FROM entries e
            JOIN nodes n ON n.drive = e.drive AND n.id = e.node AND n.kind = 0
            WHERE e.id > :after AND e.id <= :last AND e.until IS NULL) page
        UNION ALL
        SELECT up.drive, up.start, e.parent, up.depth + 1 FROM up JOIN entries e
            ON e.drive = up.drive AND e.node = up.node AND e.until IS NULL
        WHERE up.depth < :most
    ) SELECT drive, start FROM up WHERE depth = :most""")
_NAMELESS = Statement("""
    SELECT n.drive, n.id, n.kind FROM nodes n
    WHERE (n.drive > :drive OR (n.drive = :drive AND n.id > :after)) AND n.id <> 1
        AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.drive = n.drive AND e.node = n.id)
    ORDER BY n.drive, n.id LIMIT :most""")
_CONTENTS = Statement("""
    SELECT c.id, c.size, length(c.inline),
        (SELECT COALESCE(sum(s.length), 0) FROM segments s WHERE s.content = c.id),
        (SELECT COALESCE(max(s.start + s.length), 0) FROM segments s WHERE s.content = c.id),
        (SELECT count(*) FROM segments s WHERE s.content = c.id),
        (SELECT count(*) FROM segments s WHERE s.content = c.id AND s.start > 0 AND NOT EXISTS (
            SELECT 1 FROM segments b WHERE b.content = c.id AND b.start < s.start AND b.start + b.length = s.start))
    FROM contents c WHERE c.id > :after ORDER BY c.id LIMIT :most""")
_SEGMENTS = Statement('SELECT object_key, "offset", length FROM segments WHERE content = :content ORDER BY start')
_CONTENTLESS = Statement("""
    SELECT v.id, v.drive, v.node FROM versions v
    WHERE NOT EXISTS (SELECT 1 FROM contents c WHERE c.id = v.content) ORDER BY v.id LIMIT :most""")
_OBJECTS = Statement("""
    SELECT object_key, max("offset" + length) FROM segments WHERE object_key > :after
    GROUP BY object_key ORDER BY object_key LIMIT :most""")
_PART_OBJECTS = Statement("""
    SELECT object_key, max("offset" + length) FROM parts WHERE object_key > :after
    GROUP BY object_key ORDER BY object_key LIMIT :most""")
_USING = Statement("""
    SELECT DISTINCT v.drive, v.node, v.until FROM segments s JOIN versions v ON v.content = s.content
    WHERE s.object_key = :key LIMIT :most""")
_USING_CONTENT = Statement("SELECT v.drive, v.node, v.until FROM versions v WHERE v.content = :content LIMIT :most")
_INTEGRITY = Statement("PRAGMA integrity_check(20)")
_QUICK = Statement("PRAGMA quick_check(1)")
_FOREIGN_KEYS = Statement("PRAGMA foreign_key_check")
_BY_RULES = {
    ("properties", "nodes"), ("members", "users"), ("app_passwords", "users"), ("parts", "uploads"),
    ("versions", "nodes"), ("versions", "contents"), ("entries", "nodes"),
}  # fmt: skip
"""Broken references that are told one by one, with what mends them."""


class DriveSum(NamedTuple):
    """What a drive says that it stores, and what its versions and unfinished uploads add up to, in bytes; the node id
    that it gives out next, and the highest that is in use (None: not even a root)."""

    id: int
    name: str
    name_key: str
    case_insensitive: int
    used_bytes: int
    stored_bytes: int
    next_node: int
    last_node: int | None


class LiveEntry(NamedTuple):
    """A name in force. `node_kind` and `parent_kind` None: there is no such node; `version` None: no content; `twin`:
    an older entry of the same name in the same collection."""

    id: int
    drive: int
    parent: int
    node: int
    name: str
    name_key: str
    since: int
    node_kind: int | None
    parent_kind: int | None
    version: int | None
    twin: int | None


class ContentRow(NamedTuple):
    """A content and what its segments add up to: bytes in all, the end of the last, how many there are, and how many
    do not begin where another ends. `inline_bytes` None: it has none."""

    id: int
    size: int
    inline_bytes: int | None
    segments_bytes: int
    segments_end: int
    segments: int
    gaps: int


class Use(NamedTuple):
    """A version that needs some stored bytes; `until` None: it is the present one of its node."""

    drive: int
    node: int
    until: int | None


def drive_sums(session: Session) -> list[DriveSum]:
    """Every drive with its sums."""
    return [DriveSum._make(_whole(row)) for row in session.rows(_DRIVES)]


def live_entries(session: Session, after: int) -> list[LiveEntry]:
    """Names in force with an id over `after`."""
    return [LiveEntry._make(row) for row in session.rows(_ENTRIES, after=after, most=PAGE_ROWS)]


def circles(session: Session, after: int, last: int) -> list[tuple[int, int]]:
    """(drive, node) of collections among the entries from `after` to `last` from which no way leads up."""
    return [(drive, node) for drive, node in session.rows(_CIRCLES, after=after, last=last, most=DEEPEST)]


def nameless_nodes(session: Session, drive: int, after: int) -> list[Row]:
    """(drive, node, kind) of nodes that have no name and never had one, after a place."""
    return session.rows(_NAMELESS, drive=drive, after=after, most=PAGE_ROWS)


def content_rows(session: Session, after: int) -> list[ContentRow]:
    """Contents with an id over `after`."""
    return [ContentRow._make(_whole(row)) for row in session.rows(_CONTENTS, after=after, most=PAGE_ROWS)]


def _whole(row: Row) -> Row:
    """PostgreSQL sums integers to decimals."""
    return tuple(int(value) if isinstance(value, Decimal) else value for value in row)


def segments_of(session: Session, content: int) -> list[tuple[str, int, int]]:
    """(object key, offset, length) of a content, in order."""
    return [(key, offset, length) for key, offset, length in session.rows(_SEGMENTS, content=content)]


def contentless_versions(session: Session) -> list[Row]:
    """(version, drive, node) of versions whose content is not there."""
    return session.rows(_CONTENTLESS, most=PAGE_ROWS)


def needed_objects(session: Session, after: str) -> list[tuple[str, int]]:
    """(object key, bytes that contents need of it) in the order of keys, after one."""
    return [(key, int(size)) for key, size in session.rows(_OBJECTS, after=after, most=PAGE_ROWS)]


def part_objects(session: Session, after: str) -> list[tuple[str, int]]:
    """The same for the parts of unfinished uploads."""
    return [(key, int(size)) for key, size in session.rows(_PART_OBJECTS, after=after, most=PAGE_ROWS)]


def uses_of_object(session: Session, key: str, most: int) -> list[Use]:
    """Versions with bytes in an object."""
    return [Use._make(row) for row in session.rows(_USING, key=key, most=most)]


def uses_of_content(session: Session, content: int, most: int) -> list[Use]:
    """Versions with a content."""
    return [Use._make(row) for row in session.rows(_USING_CONTENT, content=content, most=most)]


def database_findings(session: Session) -> list[str]:
    """What the database itself finds wrong with its file (SQLite; PostgreSQL keeps its constraints by itself)."""
    if session.dialect != "sqlite":
        return []
    return [str(row[0]) for row in session.rows(_INTEGRITY) if row[0] != "ok"]


def broken_references(session: Session) -> list[str]:
    """Rows of SQLite's file that refer to nothing, beside those that are told one by one."""
    if session.dialect != "sqlite":
        return []
    broken = {(row[0], row[2]) for row in session.rows(_FOREIGN_KEYS)} - _BY_RULES
    return [f"rows of {table} refer to rows of {other} that are not there" for table, other in sorted(broken)]


def looks_damaged(session: Session) -> bool:
    """Whether SQLite's file is broken, as far as a quick look through all of it tells."""
    return session.dialect == "sqlite" and session.value(_QUICK) != "ok"


def indexes_to_mend(said: list[str]) -> bool:
    """Whether nothing is wrong with the file but indexes, which can be made again from the rows."""
    return bool(said) and all(" index " in text for text in said)
