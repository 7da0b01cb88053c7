"""Writing to PostgreSQL: a transaction of its own for each piece of work, in as few round trips as its questions need.

A COMMIT whose answer is lost is the one point where nobody knows what happened. So every transaction learns its number
before: it tells later when the transaction is over, and then the work's own traces tell whether it took place. (The
number alone does not: a server that crashed may give it to another.)
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from davdrive.metadata.faults import Fault, fault_of
from davdrive.metadata.pool import Connections
from davdrive.metadata.remote_session import RemoteSession
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.writer import Work

T = TypeVar("T")

_NUMBER = "SELECT pg_current_xact_id()::text"
# Every transaction that writes holds the lock on its own number until it is over, and visible if it committed.
_UNDER_WAY = Statement("""
    SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
        AND transactionid = CAST(CAST(:number AS xid8) AS xid) LIMIT 1""")

_KNOWN = {Fault.RETRY, Fault.FULL, Fault.BUG}
"""Faults of a COMMIT after which the server itself says that it rolled back."""


@dataclass
class Undecided(Exception):
    """The connection went away between COMMIT and its answer. `number` is the transaction's, `result` the work's."""

    number: str
    result: Any


class DirectWriter:
    """Writers run side by side; the database makes those wait that touch the same drive."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction. Errors: what it raises, the driver's, Undecided."""
        with self._connections.borrow() as connection:
            assert isinstance(connection.session, RemoteSession)
            try:
                return self._run(connection.session, work)
            except BaseException:
                connection.rollback()
                raise

    def _run(self, session: RemoteSession, work: Work[T]) -> T:
        committing = ""
        try:
            with session.pipeline():
                session.send("BEGIN")
                number = session.send(_NUMBER)
                result = work(session)
                committing = _first(number.fetchone())
                done = session.send("COMMIT")
        except self._connections.driver_error as error:
            if committing and fault_of(error) not in _KNOWN:
                raise Undecided(committing, result) from error
            raise
        if done.statusmessage != "COMMIT":
            raise RuntimeError("the work went on after one of its statements had failed")
        return result

    def close(self) -> None:
        """Nothing is held."""


def is_under_way(session: Session, number: str) -> bool:
    """Whether a transaction is neither committed nor rolled back yet."""
    return session.row(_UNDER_WAY, number=number) is not None


def _first(row: tuple[str, ...] | None) -> str:
    assert row is not None
    return row[0]
