"""The database: reads, writes, and the one place where a transaction is tried again."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from davdrive.deadline import Deadline
from davdrive.errors import Unavailable
from davdrive.metadata.engine import DatabaseOptions, open_engine
from davdrive.metadata.faults import Fault, drive_error, fault_of
from davdrive.metadata.pool import Connections
from davdrive.metadata.session import Session
from davdrive.metadata.turnstile import Turnstile
from davdrive.metadata.writer import DirectWriter, GroupWriter, Writer

T = TypeVar("T")

MOST_ATTEMPTS = 8
"""How often a transaction is tried before the client is told to come again: with back-off, about two seconds."""


class Observer(Protocol):
    """Hears of every transaction, for metrics."""

    def transaction(self, kind: str, seconds: float, attempts: int) -> None: ...


class _Silent:
    def transaction(self, kind: str, seconds: float, attempts: int) -> None:
        """Nobody listens."""


class Database:
    """Metadata behind two calls: `read` and `write`. One Database serves every thread of a process."""

    def __init__(self, options: DatabaseOptions, observer: Observer | None = None) -> None:
        self.engine = open_engine(options)
        self.dialect = self.engine.dialect.name
        self.observer: Observer = observer or _Silent()
        self._connections = Connections(self.engine, options.pool_size, options.wait_s)
        self._driver_error = self._connections.driver_error
        self._writer: Writer = self._open_writer(options)

    def _open_writer(self, options: DatabaseOptions) -> Writer:
        if self.dialect != "sqlite":
            return DirectWriter(self._connections)
        file = Path(self.engine.url.database or "")
        file.parent.mkdir(parents=True, exist_ok=True)
        return GroupWriter(self._connections, Turnstile(file, options.wait_s))

    def read(self, work: Callable[[Session], T], deadline: Deadline | None = None) -> T:
        """Run statements that only read. Each sees the newest commit; use `snapshot` where several must agree."""

        def once() -> T:
            with self._connections.borrow() as connection:
                return work(connection.session)

        return self._attempt("read", once, deadline)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Session]:
        """One unchanging view of everything, for as long as the block lasts."""
        begin = "BEGIN" if self.dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._translated(), self._connections.borrow() as connection:
            connection.execute(begin)
            try:
                yield connection.session
            finally:
                connection.rollback()

    def write(
        self,
        work: Callable[[Session], T],
        deadline: Deadline | None = None,
        committed: Callable[[Session], T | None] | None = None,
    ) -> T:
        """Run `work` in one transaction that is durable when this returns; it may run several times.

        `committed` answers, in a new transaction, whether a commit whose answer was lost took place: the result if
        it did, None if it did not. Without it such a commit becomes `Unavailable`.
        Errors: what the work raises; StorageFull; Unavailable; Cancelled.
        """
        return self._attempt("write", lambda: self._writer.run(work), deadline, committed)

    def close(self) -> None:
        self._writer.close()
        self._connections.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._driver_error as error:
            raise drive_error(error) or error from error

    def _attempt(
        self,
        kind: str,
        once: Callable[[], T],
        deadline: Deadline | None,
        committed: Callable[[Session], T | None] | None = None,
    ) -> T:
        began = time.perf_counter()
        attempt = 1
        while True:
            if deadline is not None:
                deadline.check()
            try:
                result = once()
            except self._driver_error as error:
                settled = self._after_fault(error, attempt, kind, committed)
                if settled is None:
                    attempt += 1
                    continue
                result = settled
            self.observer.transaction(kind, time.perf_counter() - began, attempt)
            return result

    def _after_fault(
        self, error: Exception, attempt: int, kind: str, committed: Callable[[Session], T | None] | None
    ) -> T | None:
        """Wait and return None to try again, return the settled result, or raise."""
        fault = fault_of(error)
        if fault not in (Fault.RETRY, Fault.LOST):
            raise drive_error(error) or error from error
        if attempt >= MOST_ATTEMPTS:
            raise Unavailable("the drive's metadata is away or too busy; try again in a few seconds") from error
        time.sleep(random.uniform(0.5, 1.0) * min(1.0, 0.01 * 2**attempt))
        if fault is Fault.LOST and kind == "write":
            if committed is None:
                raise Unavailable("the connection to the metadata broke; see whether the change took place") from error
            return self.read(committed)
        return None
