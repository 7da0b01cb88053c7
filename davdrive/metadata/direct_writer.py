"""Writing to PostgreSQL in as few round trips as the questions of the work need, and in as few commits as the drives.

A COMMIT whose answer is lost is the one point where nobody knows what happened. So every transaction learns its number
before: it tells later when the transaction is over, and then the work's own traces tell whether it took place. (The
number alone does not: a server that crashed may give it to another.)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from davdrive.errors import DriveError
from davdrive.metadata.faults import Fault, fault_of
from davdrive.metadata.lanes import Lanes
from davdrive.metadata.pool import Connections
from davdrive.metadata.queueing import GroupQueue, Job, Work
from davdrive.metadata.remote_session import RemoteSession
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

T = TypeVar("T")

MOST_TOGETHER = 32
"""Changes of one drive that share a commit. PostgreSQL keeps 64 savepoints of a transaction where every other
transaction finds them fast; and another process waits for the drive's row as long as all of them take."""

_NUMBER = "SELECT pg_current_xact_id()::text"
# Every transaction that writes holds the lock on its own number until it is over, and visible if it committed. A
# standby knows nothing of it, and until it has taken over it may not have heard of the commit.
_UNDER_WAY = Statement("""
    SELECT 1 WHERE pg_is_in_recovery() OR EXISTS (
        SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
            AND transactionid = CAST(CAST(:number AS xid8) AS xid))""")

_PASSING = {Fault.RETRY, Fault.LOST}
"""Faults that whoever shares a commit would meet as well, and that each tries again after."""


@dataclass
class Undecided(Exception):
    """The connection went away between COMMIT and its answer. `number` is the transaction's, `result` the work's."""

    number: str
    result: Any


class DirectWriter:
    """Writers of different drives run side by side. Those of one drive would wait for each other at its row until each
    commit is synced; so what queues up meanwhile in this process is committed together, each piece of work inside a
    savepoint: nobody hears of success before the sync that covers it (P1)."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lanes = Lanes(lambda: GroupQueue(self._commit, MOST_TOGETHER, apart=False))

    def run(self, work: Work[T], lane: str | None = None) -> T:
        """Run `work` in a transaction, which work of the same `lane` may share. Errors: what it raises, the driver's,
        Undecided."""
        if lane is None:
            return self._alone(work)
        with self._lanes.lane(lane) as queue:
            return queue.run(work)

    def _alone(self, work: Work[T]) -> T:
        return self._transact(lambda session: _refusable(session, work))

    def _transact(self, work: Callable[[RemoteSession], T]) -> T:
        """What `work` returns, once it is committed. Errors: what it raises, the driver's, Undecided."""
        committing = ""
        try:
            with self._session() as session:
                with session.pipeline():
                    session.send("BEGIN")
                    number = session.send(_NUMBER)
                    result = work(session)
                    committing = _first(number.fetchone())
                    done = session.send("COMMIT")
                status = done.statusmessage
        except BaseException as error:
            if committing and not _rolled_back(error):
                raise Undecided(committing, result) from error
            raise
        if status != "COMMIT":
            raise RuntimeError("the work went on after one of its statements had failed")
        return result

    def _commit(self, batch: list[Job[Any]]) -> None:
        if len(batch) > 1 and self._together(batch):
            return
        for job in batch:
            job.error = None
            try:
                job.result = self._alone(job.work)
            except BaseException as error:
                job.error = error
            job.over = True

    def _together(self, batch: list[Job[Any]]) -> bool:
        """Commit the batch as one. False: the work of one of them went wrong, and nothing was written.

        Errors, for all of them: the driver's, when the transaction lost a race or its connection; Unavailable.
        """
        try:
            self._transact(lambda session: _in_savepoints(session, batch))
        except Undecided as undecided:
            # Who was refused was so by what the others wrote, and has to be judged again.
            for job in batch:
                job.error = Undecided(undecided.number, job.result)
            return True
        except BaseException as error:
            for job in batch:
                job.result = job.error = None
            if isinstance(error, DriveError) or self._fault(error) in _PASSING:
                raise
            return False
        for job in batch:
            job.over = True
        return True

    def _fault(self, error: BaseException) -> Fault | None:
        """None for what is not the driver's."""
        return fault_of(error) if isinstance(error, self._connections.driver_error) else None

    @contextmanager
    def _session(self) -> Iterator[RemoteSession]:
        with self._connections.borrow() as connection:
            session = connection.session
            assert isinstance(session, RemoteSession)
            try:
                yield session
            except BaseException:
                if not session.is_idle:
                    connection.rollback()
                raise

    def close(self) -> None:
        """Nothing is held."""


def _in_savepoints(session: RemoteSession, batch: list[Job[Any]]) -> None:
    for job in batch:
        session.command("SAVEPOINT job")
        job.attempt(session)
        if job.error is not None:
            if not isinstance(job.error, DriveError):
                raise job.error
            session.command("ROLLBACK TO job")
        session.command("RELEASE job")


def _rolled_back(error: BaseException) -> bool:
    """Whether the server itself says so: after an error it goes on; only what ends the connection leaves a COMMIT in
    doubt."""
    said = getattr(error, "diag", None)
    return said is not None and said.severity_nonlocalized == "ERROR"


def _refusable(session: RemoteSession, work: Work[T]) -> T:
    try:
        return work(session)
    except DriveError:
        session.command("ROLLBACK")
        raise


def is_under_way(session: Session, number: str) -> bool:
    """Whether a transaction is neither committed nor rolled back yet, as far as this server can tell."""
    return session.row(_UNDER_WAY, number=number) is not None


def _first(row: tuple[str, ...] | None) -> str:
    assert row is not None
    return row[0]
