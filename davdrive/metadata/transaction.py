"""The one rule of change: every mutation of a drive is one short transaction under the drive's writer lock.

Take the lock and draw the revision, let the operation look and write, record the commit. The operation finds the
drive's clock and revision here, so that locks, preconditions and history are judged by one time in one order.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from davdrive.deadline import Deadline
from davdrive.errors import NotFound, ParentMissing
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import Drive, count, take_drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

T = TypeVar("T")

_RECORD = Statement("""
    INSERT INTO commits (drive, revision, time_ms, principal, operation, path, target, operation_id)
    VALUES (:drive, :revision, :time_ms, :principal, :operation, :path, :target, :operation_id)""")
_RECORDED = Statement("SELECT 1 FROM commits WHERE drive = :drive AND revision = :revision AND operation_id = :id")


@dataclass(slots=True)
class Transaction:
    """One transaction on one drive, or on two for a move or copy across drives."""

    session: Session
    caller: Caller
    drive: Drive
    operation: str
    other: Drive | None = None
    used_bytes: dict[int, int] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        """The drive's clock, in unix milliseconds."""
        return self.drive.time_ms

    def new_node(self, drive: Drive, how_many: int = 1) -> int:
        """Take node ids of `drive`; the first of them."""
        first = drive.next_node
        drive.next_node += how_many
        return first

    def charge(self, drive: Drive, size: int) -> None:
        """Account for `size` bytes more (or fewer) that the drive stores."""
        self.used_bytes[drive.id] = self.used_bytes.get(drive.id, 0) + size

    @property
    def drives(self) -> Sequence[Drive]:
        return (self.drive,) if self.other is None else (self.drive, self.other)


@dataclass(slots=True)
class Change:
    """What is about to happen, for the lock, the commit log and the event stream."""

    operation: str
    caller: Caller
    drive_key: str
    path: str | None = None
    target: str | None = None
    other_key: str | None = None
    deadline: Deadline | None = None


def transact(database: Database, change: Change, work: Callable[[Transaction], T]) -> T:
    """Run `work` under the writer lock of the drive, durably committed when this returns; it may run several times.

    Errors: NotFound for a drive that the caller may not see; what `work` raises (nothing was written); StorageFull;
    Unavailable; Cancelled.
    """
    operation_id = secrets.token_hex(12)
    reached: list[tuple[int, int]] = []

    def run(session: Session) -> T:
        if change.deadline is not None:
            change.deadline.check()
        began = time.perf_counter()
        transaction = _begin(session, change)
        if database.dialect != "sqlite":
            # Of SQLite's one writer the database itself tells; here it is the drive's row that is waited for.
            database.observer.waited(time.perf_counter() - began)
            if change.deadline is not None:
                change.deadline.check()  # once more: nobody may be there any longer to hear of it
        result = work(transaction)
        _record(transaction, change, operation_id)
        reached[:] = [(transaction.drive.id, transaction.drive.revision)]
        return result

    def committed(session: Session) -> bool:
        drive, revision = reached[0]
        return session.row(_RECORDED, drive=drive, revision=revision, id=operation_id) is not None

    return database.write(run, change.deadline, committed)


def _begin(session: Session, change: Change) -> Transaction:
    """Take the drives' locks in the order of their keys, so that two changes across drives cannot wait in a ring."""
    keys = sorted({change.drive_key, change.other_key or change.drive_key})
    taken = {key: _take(session, key, change) for key in keys}
    other = taken[change.other_key] if change.other_key and change.other_key != change.drive_key else None
    return Transaction(session, change.caller, taken[change.drive_key], change.operation, other)


def _take(session: Session, key: str, change: Change) -> Drive:
    try:
        return take_drive(session, key, change.caller)
    except NotFound as error:
        if key == change.drive_key:
            raise
        raise ParentMissing(str(error)) from None  # where something should go (RFC 4918 §9.8.5)


def _record(transaction: Transaction, change: Change, operation_id: str) -> None:
    for drive in transaction.drives:
        count(transaction.session, drive, transaction.used_bytes.get(drive.id, 0))
        transaction.session.do(
            _RECORD,
            drive=drive.id,
            revision=drive.revision,
            time_ms=drive.time_ms,
            principal=change.caller.name,
            operation=change.operation,
            path=change.path,
            target=change.target,
            operation_id=operation_id,
        )
