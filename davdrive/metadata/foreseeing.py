"""Counting what a purge would forget."""

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_VERSIONS = Statement("""
    SELECT count(*), COALESCE(sum(size), 0) FROM versions WHERE drive = :drive AND until <= :horizon""")
_TREES = Statement("""
    WITH RECURSIVE gone(node) AS (
        SELECT e.node FROM entries e WHERE e.drive = :drive AND e.until <= :horizon AND NOT EXISTS (
            SELECT 1 FROM entries l WHERE l.drive = e.drive AND l.node = e.node AND l.id <> e.id
                AND (l.until IS NULL OR l.until > e.until OR (l.until = e.until AND l.id > e.id)))
        UNION ALL
        SELECT m.node FROM gone JOIN entries m ON m.drive = :drive AND m.parent = gone.node AND m.until IS NULL
    )
    SELECT count(*), COALESCE(sum(v.size), 0) FROM gone
    LEFT JOIN versions v ON v.drive = :drive AND v.node = gone.node AND v.until IS NULL""")


def count_old_versions(session: Session, drive: int, horizon: int) -> tuple[int, int]:
    """How many versions ended at the horizon or before, and their bytes."""
    rows, size = session.row(_VERSIONS, drive=drive, horizon=horizon) or (0, 0)
    return int(rows), int(size)


def count_old_trees(session: Session, drive: int, horizon: int) -> tuple[int, int]:
    """How many nodes lost their last name at the horizon or before, with all below them, and their bytes."""
    rows, size = session.row(_TREES, drive=drive, horizon=horizon) or (0, 0)
    return int(rows), int(size)
