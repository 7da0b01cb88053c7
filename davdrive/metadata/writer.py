"""Who runs a writing transaction, and when it is durable."""

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from davdrive.errors import DriveError
from davdrive.metadata.pool import Borrowed, Connections
from davdrive.metadata.queueing import GroupQueue, Job, Work
from davdrive.metadata.turnstile import Turnstile

T = TypeVar("T")


class Writer(Protocol):
    """Runs work in one transaction; when `run` returns, the transaction is durable.

    `lane`: what the work takes the writer lock of, if that is known: work of one lane may share a commit.
    `run` raises what the work raised (nothing was written), or the driver's error.
    """

    def run(self, work: Work[T], lane: str | None = None) -> T: ...
    def close(self) -> None: ...


class GroupWriter:
    """SQLite's one writer, shared: what queues up during a sync is committed together by the next one, each piece of
    work inside a savepoint (P1 holds: nobody hears of success before the sync that covers it).

    `most` bounds how many share a commit. `waited` hears how long each piece of work stood in the queue, in seconds.
    """

    def __init__(
        self,
        connections: Connections,
        turnstile: Turnstile,
        waited: Callable[[float], None] = lambda _: None,
        most: int = 64,
    ) -> None:
        self._connections = connections
        self._turnstile = turnstile
        self._waited = waited
        self._queue = GroupQueue(self._commit, most, apart=True)

    def run(self, work: Work[T], lane: str | None = None) -> T:
        return self._queue.run(work)

    def close(self) -> None:
        self._turnstile.close()
        self._connections.close()

    def _commit(self, batch: list[Job[Any]]) -> None:
        with self._turnstile.passage(), self._connections.borrow() as connection:
            now = time.perf_counter()
            for job in batch:
                self._waited(now - job.began)
            try:
                if len(batch) > 1 and self._together(connection, batch):
                    return
                for job in batch:
                    _alone(connection, job)
            except BaseException:
                connection.rollback()  # the next to borrow it must not find itself inside
                raise

    def _together(self, connection: Borrowed, batch: list[Job[Any]]) -> bool:
        """Commit the batch as one. False: something other than a refusal went wrong, and nothing was written."""
        connection.execute("BEGIN IMMEDIATE")
        for job in batch:
            connection.execute("SAVEPOINT job")
            job.attempt(connection.session)
            if job.error is not None and not isinstance(job.error, DriveError):
                break
            if job.error is not None:
                connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
        else:
            try:
                connection.execute("COMMIT")
                for job in batch:
                    job.over = True
                return True
            except connection.driver_error:
                pass
        connection.rollback()
        for job in batch:
            job.error = None
        return False


def _alone(connection: Borrowed, job: Job[Any]) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        job.attempt(connection.session)
        if job.error is None:
            connection.execute("COMMIT")
        else:
            connection.rollback()
        job.over = True
    except connection.driver_error as error:
        job.error = job.error or error
        connection.rollback()
