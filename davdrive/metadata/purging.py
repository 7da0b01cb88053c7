"""Forgetting what ended before a drive's horizon, a bounded number of rows at a time.

The horizon is a revision: a view of the drive at the horizon or later sees nothing of what ended at it or before. It
rises with the retention, and never within the time of the longest listing, so no reader misses a row. Each call
belongs into a transaction that holds the drive (`hold_drive`), and after any of them the rows are consistent: a purge
may be killed between two and goes on where it was.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from davdrive.metadata.doomed import LATEST_WINS
from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import COLLECTION

_IDS = "(SELECT CAST(value AS BIGINT) FROM {TEXTS})"
# One statement: a change that is committed between two would count as older than all that is kept.
_HORIZON = Statement("""
    SELECT COALESCE(
        (SELECT revision - 1 FROM commits WHERE drive = :drive AND time_ms >= :cutoff_ms ORDER BY revision LIMIT 1),
        (SELECT revision FROM drives WHERE id = :drive), 0)""")
_PRUNE_COMMITS = Statement("""
    DELETE FROM commits WHERE drive = :drive AND revision IN (
        SELECT revision FROM commits WHERE drive = :drive AND revision < :horizon ORDER BY revision LIMIT :most)""")

_DUE = Statement("""
    SELECT 1 FROM commits WHERE drive = :drive AND revision < :horizon
    UNION ALL SELECT 1 FROM versions WHERE drive = :drive AND until <= :horizon
    UNION ALL SELECT 1 FROM entries WHERE drive = :drive AND until <= :horizon LIMIT 1""")
_ENDED_VERSIONS = Statement("""
    SELECT id, content, size FROM versions WHERE drive = :drive AND until <= :horizon ORDER BY until LIMIT :most""")
_NODES_VERSIONS = Statement(f"""
    SELECT id, content, size FROM versions WHERE drive = :drive AND node IN {_IDS} LIMIT :most""")
_DROP_VERSIONS = Statement(f"DELETE FROM versions WHERE id IN {_IDS}")
_UNCHARGE = Statement("UPDATE drives SET used_bytes = used_bytes - :bytes WHERE id = :drive")

_UNNAMED = Statement(f"""
    SELECT c.id FROM contents c WHERE c.id IN {_IDS}
        AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.content = c.id)""")
_UNNAMED_AFTER = Statement("""
    SELECT c.id FROM contents c WHERE c.id > :after AND c.id <= :last
        AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.content = c.id)""")
_LAST_CONTENT = Statement("SELECT max(id) FROM contents")
_DOOM = Statement(f"""
    INSERT INTO doomed (object_key, after_ms)
    SELECT s.object_key, {{NOW_MS}} + :grace_ms FROM segments s WHERE s.content IN {_IDS}
        AND NOT EXISTS (SELECT 1 FROM segments o WHERE o.object_key = s.object_key AND o.content NOT IN {_IDS})
        AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.object_key = s.object_key)
    GROUP BY s.object_key {LATEST_WINS}""")
_DROP_CONTENTS = Statement(f"DELETE FROM contents WHERE id IN {_IDS}")

_ENDED_ENTRIES = Statement("""
    SELECT e.id, e.node, n.kind, e.until,
        (SELECT count(*) FROM entries l WHERE l.drive = e.drive AND l.node = e.node AND l.id <> e.id
            AND (l.until IS NULL OR l.until > e.until OR (l.until = e.until AND l.id > e.id)))
    FROM entries e JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    WHERE e.drive = :drive AND e.until <= :horizon ORDER BY e.until, e.id LIMIT :most""")
_DISSOLVE = Statement("""
    UPDATE entries SET until = :mark WHERE id IN (
        SELECT id FROM entries
        WHERE drive = :drive AND parent = :node AND (until IS NULL OR until > :mark) LIMIT :most)""")
_HOLDING = Statement(f"SELECT DISTINCT parent FROM entries WHERE drive = :drive AND parent IN {_IDS}")
_DROP_ENTRIES = Statement(f"DELETE FROM entries WHERE id IN {_IDS}")
_DROP_NODES = Statement(f"DELETE FROM nodes WHERE drive = :drive AND id IN {_IDS}")


class Purged(NamedTuple):
    """What a call did: rows that it removed or prepared for removal (0: there was nothing left to do), bytes that the
    drive no longer counts, nodes that are no more, and former names of nodes that live on."""

    rows: int
    bytes: int = 0
    nodes: int = 0
    names: int = 0


def horizon_at(session: Session, drive: int, cutoff_ms: int) -> int:
    """The last revision before a time (unix ms by the drive's clock)."""
    found: int = session.value(_HORIZON, drive=drive, cutoff_ms=cutoff_ms)
    return found


def anything_due(session: Session, drive: int, horizon: int) -> bool:
    """Whether a purge would find anything; mostly there is nothing, and then no drive has to be held."""
    return session.row(_DUE, drive=drive, horizon=horizon) is not None


def prune_commits(session: Session, drive: int, horizon: int, most: int) -> Purged:
    """Shorten the audit trail to the horizon. Do it first: it tells readers that older views are no longer whole."""
    return Purged(session.run(_PRUNE_COMMITS, drive=drive, horizon=horizon, most=most))


def purge_versions(session: Session, drive: int, horizon: int, most: int, grace_ms: int) -> Purged:
    """Forget versions that ended at the horizon or before."""
    rows = session.rows(_ENDED_VERSIONS, drive=drive, horizon=horizon, most=most)
    return _forget_versions(session, drive, rows, grace_ms)


def _forget_versions(session: Session, drive: int, rows: Sequence[Row], grace_ms: int) -> Purged:
    if not rows:
        return Purged(0)
    size = sum(row[2] for row in rows)
    session.run(_DROP_VERSIONS, texts=_texts(row[0] for row in rows))
    session.run(_UNCHARGE, drive=drive, bytes=size)
    drop_unnamed(session, [row[1] for row in rows], grace_ms)
    return Purged(len(rows), size)


def drop_unnamed(session: Session, contents: Sequence[int], grace_ms: int) -> int:
    """Of these contents remove those that no version names, and doom the objects that nothing else needs; how many."""
    unnamed = [row[0] for row in session.rows(_UNNAMED, texts=_texts(set(contents)))]
    if unnamed:
        session.run(_DOOM, texts=_texts(unnamed), grace_ms=grace_ms)
        session.run(_DROP_CONTENTS, texts=_texts(unnamed))
    return len(unnamed)


def unnamed_contents(session: Session, after: int, last: int) -> list[int]:
    """Contents with an id over `after` up to `last` that no version names."""
    return [row[0] for row in session.rows(_UNNAMED_AFTER, after=after, last=last)]


def last_content(session: Session) -> int:
    """The highest id of a content."""
    return session.value(_LAST_CONTENT) or 0


def purge_entries(session: Session, drive: int, horizon: int, most: int, grace_ms: int) -> Purged:
    """Forget names that ended at the horizon or before, and the nodes whose last name it was, from the leaves up.

    The members of such a collection were never ended: deleting it closed its own entry alone. They are marked here
    with a negative `until`, the lower the deeper, so that they come first in the order of this very statement.
    """
    picked = session.rows(_ENDED_ENTRIES, drive=drive, horizon=horizon, most=most)
    last = [node for _, node, _, _, others in picked if not others]
    collections = {node: until for _, node, kind, until, others in picked if not others and kind == COLLECTION}
    marked = _dissolve(session, drive, collections, most)
    holding = {row[0] for row in session.rows(_HOLDING, drive=drive, texts=_texts(collections))}
    gone = [node for node in last if node not in holding]
    rows = session.rows(_NODES_VERSIONS, drive=drive, texts=_texts(gone), most=most)
    forgotten = _forget_versions(session, drive, rows, grace_ms)
    if len(rows) == most:
        return Purged(marked + forgotten.rows, forgotten.bytes)
    entries = [entry for entry, node, _, _, others in picked if others or node not in holding]
    session.run(_DROP_ENTRIES, texts=_texts(entries))
    dropped = session.run(_DROP_NODES, drive=drive, texts=_texts(gone))
    return Purged(marked + len(entries), forgotten.bytes, dropped, sum(bool(others) for *_, others in picked))


def _dissolve(session: Session, drive: int, last: dict[int, int], most: int) -> int:
    """Mark members of nodes that lost their last name, at most `most` of them; how many."""
    marked = 0
    for node, until in last.items():
        if marked < most:
            mark = min(until, 0) - 1
            marked += session.run(_DISSOLVE, drive=drive, node=node, mark=mark, most=most - marked)
    return marked


def _texts(numbers: Iterable[int]) -> str:
    return json.dumps(list(numbers))
