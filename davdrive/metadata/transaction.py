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
from davdrive.errors import ParentMissing
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import Drive, count, take_drives, unseen
from davdrive.metadata.session import Ahead, Session
from davdrive.metadata.statement import Statement

T = TypeVar("T")

_RECORD = Statement("""
    INSERT INTO commits (drive, revision, time_ms, principal, operation, path, target, operation_id)
    VALUES (:drive, :revision, :time_ms, :principal, :operation, :path, :target, :operation_id)""")
_RECORDED = Statement("SELECT 1 FROM commits WHERE drive = :drive AND revision = :revision AND operation_id = :id")


@dataclass(slots=True)
class Transaction:
    """One transaction on one drive, or on two for a move or copy across drives. `used_bytes`: by the id of each drive
    whose counters it changes, what to add."""

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
        self.charge(drive, 0)
        return first

    def charge(self, drive: Drive, size: int) -> None:
        """Account for `size` bytes more (or fewer) that the drive stores."""
        self.used_bytes[drive.id] = self.used_bytes.get(drive.id, 0) + size

    @property
    def drives(self) -> Sequence[Drive]:
        return (self.drive,) if self.other is None else (self.drive, self.other)


@dataclass(slots=True)
class Change:
    """What is about to happen, for the lock, the commit log and the event stream. `ahead`: what the work will ask."""

    operation: str
    caller: Caller
    drive_key: str
    path: str | None = None
    target: str | None = None
    other_key: str | None = None
    deadline: Deadline | None = None
    ahead: Ahead = tuple

    @property
    def lane(self) -> str | None:
        """The one drive that it locks, if it is one: two might be locked in another order than by their keys."""
        return self.drive_key if self.other_key in (None, self.drive_key) else None


def transact(database: Database, change: Change, work: Callable[[Transaction], T]) -> T:
    """Run `work` under the writer lock of the drive, durably committed when this returns; it may run several times.

    Errors: NotFound for a drive that the caller may not see; what `work` raises (nothing was written); StorageFull;
    Unavailable; Cancelled.
    """
    operation_id = secrets.token_hex(12)
    reached: list[tuple[int, int]] = []
    began = time.perf_counter()

    def run(session: Session) -> T:
        if change.deadline is not None:
            change.deadline.check()
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
        if not reached:
            return False  # it was refused, by what others wrote in the same transaction
        drive, revision = reached[0]
        return session.row(_RECORDED, drive=drive, revision=revision, id=operation_id) is not None

    user = change.caller.user
    result = database.write(run, change.deadline, committed, database.acquaintances.lane(user, change.lane))
    database.acquaintances.add(user, change.lane)
    return result


def _begin(session: Session, change: Change) -> Transaction:
    """Take the drives' locks in the order of their keys, so that two changes across drives cannot wait in a ring. What
    the change asks ahead is asked behind them, and so sees what was committed while they were waited for."""
    session.foresee(change.ahead)
    if change.lane is not None:
        (drive,) = take_drives(session, (change.lane,), change.caller)
        if drive is None:
            raise unseen(change.lane)
        return Transaction(session, change.caller, drive, change.operation)
    assert change.other_key is not None
    keys = sorted((change.drive_key, change.other_key))
    taken = dict(zip(keys, take_drives(session, keys, change.caller), strict=True))
    drive, other = taken[change.drive_key], taken[change.other_key]
    if drive is None:
        raise unseen(change.drive_key)
    if other is None:
        raise ParentMissing(str(unseen(change.other_key)))  # where something should go (RFC 4918 §9.8.5)
    return Transaction(session, change.caller, drive, change.operation, other)


def _record(transaction: Transaction, change: Change, operation_id: str) -> None:
    for drive in transaction.drives:
        if drive.id in transaction.used_bytes:
            count(transaction.session, drive, transaction.used_bytes[drive.id])
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
