"""Who runs a writing transaction, and when it is durable."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from davdrive.baton import resting
from davdrive.errors import DriveError
from davdrive.metadata.pool import Borrowed, Connections
from davdrive.metadata.session import Session
from davdrive.metadata.turnstile import Turnstile
from davdrive.observe.context import carried

T = TypeVar("T")
Work = Callable[[Session], T]


class Writer(Protocol):
    """Runs work in one transaction; when `run` returns, the transaction is durable.

    `run` raises what the work raised (nothing was written), or the driver's error.
    """

    def run(self, work: Work[T]) -> T: ...
    def close(self) -> None: ...


class _Job(Generic[T]):
    """One piece of work on its way through the queue."""

    __slots__ = ("began", "error", "gate", "leads", "over", "result", "work")

    def __init__(self, work: Work[T]) -> None:
        # The leader runs it, but what it logs belongs to the request that brought it.
        self.work = carried(work)
        self.began = time.perf_counter()
        self.result: T | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.over = False  # committed or rolled back: what happens afterwards changes nothing for it
        self.gate = threading.Lock()
        self.gate.acquire()

    def attempt(self, session: Session) -> None:
        try:
            self.result = self.work(session)
        except BaseException as error:
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class GroupWriter:
    """SQLite's one writer, shared: what queues up during a sync is committed together by the next one (P1 holds:
    nobody hears of success before the sync that covers it).

    The first thread to come leads: it runs everybody's work, each inside a savepoint, commits once and wakes them;
    then the next in the queue leads. `most` bounds how many share a commit. `waited` hears how long each piece of work
    stood in the queue, in seconds.
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
        self._most = most
        self._mutex = threading.Lock()
        self._queue: deque[_Job[Any]] = deque()
        self._busy = False

    def run(self, work: Work[T]) -> T:
        job = _Job(work)
        with self._mutex:
            self._queue.append(job)
            leads, self._busy = not self._busy, True
        with resting():
            if not leads:
                # Whoever leads may have handed over by now, so `job.leads` means nothing before the gate was passed.
                job.gate.acquire()
                leads = job.leads
            if leads:
                self._lead()
        return job.outcome()

    def close(self) -> None:
        self._turnstile.close()
        self._connections.close()

    def _lead(self) -> None:
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            self._commit(batch)
        except BaseException as error:
            for job in batch:
                if not job.over:
                    job.error = job.error or error
        finally:
            self._hand_over()
            for job in batch:
                job.gate.release()

    def _hand_over(self) -> None:
        with self._mutex:
            if not self._queue:
                self._busy = False
                return
            following = self._queue[0]
            following.leads = True
            following.gate.release()

    def _commit(self, batch: list[_Job[Any]]) -> None:
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

    def _together(self, connection: Borrowed, batch: list[_Job[Any]]) -> bool:
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


def _alone(connection: Borrowed, job: _Job[Any]) -> None:
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
