"""Counting what a round of upkeep would forget."""

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import PENDING

_TRAIL = Statement("SELECT count(*) FROM commits WHERE drive = :drive AND revision < :horizon")
_NAMES = Statement("""
    SELECT count(*) FROM entries e WHERE e.drive = :drive AND e.until <= :horizon AND EXISTS (
        SELECT 1 FROM entries l WHERE l.drive = e.drive AND l.node = e.node AND l.id <> e.id
            AND (l.until IS NULL OR l.until > e.until OR (l.until = e.until AND l.id > e.id)))""")
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
_SMALL = Statement("""
    SELECT (SELECT count(*) FROM app_passwords WHERE expires_ms < :now_ms)
        + (SELECT count(*) FROM failures WHERE last_ms < :before_ms)""")
_IDLE = Statement(f"SELECT count(*) FROM uploads WHERE state = {PENDING} AND active_ms < :before_ms")
_UNHASHED = Statement("SELECT count(*) FROM contents WHERE sha256 IS NULL")


def count_trail(session: Session, drive: int, horizon: int) -> int:
    """How many lines of the audit trail lie before the horizon."""
    found: int = session.value(_TRAIL, drive=drive, horizon=horizon)
    return found


def count_old_names(session: Session, drive: int, horizon: int) -> int:
    """How many names ended at the horizon or before of nodes that had another later."""
    found: int = session.value(_NAMES, drive=drive, horizon=horizon)
    return found


def count_old_versions(session: Session, drive: int, horizon: int) -> tuple[int, int]:
    """How many versions ended at the horizon or before, and their bytes."""
    rows, size = session.row(_VERSIONS, drive=drive, horizon=horizon) or (0, 0)
    return int(rows), int(size)


def count_old_trees(session: Session, drive: int, horizon: int) -> tuple[int, int]:
    """How many nodes lost their last name at the horizon or before, with all below them, and their bytes."""
    rows, size = session.row(_TREES, drive=drive, horizon=horizon) or (0, 0)
    return int(rows), int(size)


def count_small(session: Session, now_ms: int, before_ms: int) -> int:
    """App passwords that expired before now, and failed sign-ins before a time."""
    found: int = session.value(_SMALL, now_ms=now_ms, before_ms=before_ms)
    return found


def count_idle_uploads(session: Session, before_ms: int) -> int:
    """Pending uploads that nothing came for since a time."""
    found: int = session.value(_IDLE, before_ms=before_ms)
    return found


def count_unhashed(session: Session) -> int:
    """Contents whose SHA-256 nobody knows yet."""
    found: int = session.value(_UNHASHED)
    return found
