"""What upkeep did last, so that every process and node knows when the next round is due; and small forgetting."""

from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_GET = Statement("SELECT done_ms, at FROM chores WHERE name = :name")
_SET = Statement("""
    INSERT INTO chores (name, done_ms, at) VALUES (:name, :done_ms, :at)
    ON CONFLICT (name) DO UPDATE SET done_ms = excluded.done_ms, at = excluded.at""")
_NOW = Statement("SELECT {NOW_MS}")
_OLD_LOCKS = Statement("""
    SELECT drives.id, min({LOCK_MS}) - :kept_ms FROM drives JOIN locks ON locks.drive = drives.id
    WHERE locks.expires_ms < {LOCK_MS} - :kept_ms GROUP BY drives.id""")
_EXPIRED_APP_PASSWORDS = Statement("DELETE FROM app_passwords WHERE expires_ms < :before_ms")


class Chore(NamedTuple):
    """When a round was last finished (unix ms, 0: never), and where the present one goes on (empty: at the start)."""

    done_ms: int = 0
    at: str = ""


def chore(session: Session, name: str) -> Chore:
    """The state of a chore."""
    row = session.row(_GET, name=name)
    return Chore() if row is None else Chore._make(row)


def set_chore(session: Session, name: str, state: Chore) -> None:
    """Keep the state of a chore."""
    session.run(_SET, name=name, done_ms=state.done_ms, at=state.at)


def now_ms(session: Session) -> int:
    """The database's time."""
    found: int = session.value(_NOW)
    return found


def old_locks(session: Session, kept_ms: int) -> list[tuple[int, int]]:
    """The drives with locks that expired over `kept_ms` ago, and the time before which they did."""
    return [(drive, before_ms) for drive, before_ms in session.rows(_OLD_LOCKS, kept_ms=kept_ms)]


def drop_expired_app_passwords(session: Session, before_ms: int) -> int:
    """Forget app passwords that expired before a time; how many."""
    return session.run(_EXPIRED_APP_PASSWORDS, before_ms=before_ms)
