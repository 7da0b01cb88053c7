"""The clock of locks: a jump of the wall clock neither shortens a lock nor lets an expired one live again.

PostgreSQL's own time, kept monotone a drive, serves every node alike. SQLite has no clock but the machine's, which an
administrator or NTP may set at any moment. So there the clock of locks is the time since boot, which nothing sets, plus
an offset that the first process after a boot writes down and every other one reads: wall-clock time until the first
jump, and steady through it. The drive's other times (`Drive.time_ms`) follow the wall clock, because people read them.
"""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAME = "steady clock"
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", None)

_KEPT = Statement("SELECT value FROM secrets WHERE name = :name")
_KEEP = Statement("""
    INSERT INTO secrets (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value""")
# A grant or refresh was made at expiry minus timeout: the clock of locks is never set back behind the last one.
_LAST_GRANT = Statement("SELECT COALESCE(max(expires_ms - timeout_s * 1000), 0) FROM locks")


def boot_id() -> str | None:
    """What tells this boot of the machine from every other one; None where nobody tells."""
    try:
        return _BOOT_ID.read_text().strip() if _SINCE_BOOT is not None else None
    except OSError:
        return None


class SteadyClock:
    """The clock of locks on SQLite, for every connection that `engine` makes.

    Before `set_offset`, and on systems that do not tell boots apart, it is the wall clock, and then a drive's own time
    keeps it from going back.
    """

    def __init__(self, engine: Engine) -> None:
        self._offset_ms: int | None = None
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", self._serve)

    def _serve(self, connection: Any, _record: object) -> None:
        connection.create_function("steady_ms", 1, self.now_ms)

    def now_ms(self, drive_ms: int) -> int:
        """Milliseconds, for the SQL function of that name; `drive_ms`: the drive's highest time so far."""
        if self._offset_ms is None:
            return max(drive_ms, wall_ms())
        return self._offset_ms + since_boot_ms()

    def set_offset(self, offset_ms: int) -> None:
        self._offset_ms = offset_ms


def kept_offset(session: Session, boot: str) -> int | None:
    """The offset that a process wrote down since this boot."""
    value = session.value(_KEPT, name=_NAME)
    kept_boot, _, offset = bytes(value or b"").decode().partition(" ")
    return int(offset) if kept_boot == boot else None


def settle_offset(session: Session, boot: str) -> int:
    """The offset of this boot, written down now unless it was already. Call it in a writing transaction."""
    offset = kept_offset(session, boot)
    if offset is None:
        offset = max(wall_ms(), session.value(_LAST_GRANT)) - since_boot_ms()
        session.run(_KEEP, name=_NAME, value=f"{boot} {offset}".encode())
    return offset


def wall_ms() -> int:
    """The machine's wall clock, unix ms."""
    return time.time_ns() // 1_000_000


def since_boot_ms() -> int:
    """Milliseconds since the machine was started, sleep included."""
    assert _SINCE_BOOT is not None
    return time.clock_gettime_ns(_SINCE_BOOT) // 1_000_000
