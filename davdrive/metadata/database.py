"""The database: reads, writes, and the one place where a transaction is tried again."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.errors import Cancelled, DriveError, NotFound, OutcomeUnknown, StorageFull, Unavailable
from davdrive.folders import make_durable_folder
from davdrive.metadata.direct_writer import DirectWriter, Undecided, is_under_way
from davdrive.metadata.engine import WRITING, DatabaseOptions, open_engine
from davdrive.metadata.familiar import Familiar
from davdrive.metadata.faults import drive_error
from davdrive.metadata.observer import Observer, Outcome, Silent
from davdrive.metadata.patience import Patience
from davdrive.metadata.pool import Connections
from davdrive.metadata.session import Session
from davdrive.metadata.steady import SteadyClock, boot_id, kept_offset, settle_offset
from davdrive.metadata.turnstile import Turnstile
from davdrive.metadata.writer import GroupWriter, Writer
from davdrive.observe.tracing import span

T = TypeVar("T")
_NOT_REFUSED = (Cancelled, StorageFull, Unavailable)

SETTLE_POLL_S = 0.05
"""How often to look whether a transaction that lost its connection while committing is over."""


class Database:
    """Metadata behind two calls: `read` and `write`. One Database serves every thread of a process. `refusal`: what the
    driver raises where a change would break a constraint."""

    def __init__(self, options: DatabaseOptions, observer: Observer | None = None) -> None:
        self.engine = open_engine(options)
        self.dialect = self.engine.dialect.name
        self._clock = SteadyClock(self.engine)
        self.observer: Observer = observer or Silent()
        self.familiar = Familiar()
        self.refusal: type[Exception] = self.engine.dialect.loaded_dbapi.IntegrityError
        self._options = options
        recycle_s = None if self.dialect == "sqlite" else options.recycle_s
        self._connections = Connections(
            self.engine, options.pool_size, options.pool_wait_s, recycle_s, options.pool_overflow
        )
        self._driver_error = self._connections.driver_error
        self._patience = Patience(self._driver_error, options.tries, options.wait_s, self.observer.retried)
        self._writer: Writer = self._open_writer(options)
        self._set_clock()

    def _open_writer(self, options: DatabaseOptions) -> Writer:
        if self.dialect != "sqlite":
            return DirectWriter(self._connections)
        file = Path(self.engine.url.database or "")
        make_durable_folder(file.parent)
        return GroupWriter(
            # Of its own: SQLite drops the pages that a connection has in memory after every commit of another one.
            Connections(self.engine, WRITING, options.pool_wait_s),
            Turnstile(file, options.wait_s),
            self.observer.waited,
        )

    def _set_clock(self) -> None:
        boot = boot_id() if self.dialect == "sqlite" else None
        if boot is None:
            return
        known = self.read(lambda session: kept_offset(session, boot))
        if known is None and not self._options.read_only:
            known = self.write(lambda session: settle_offset(session, boot))
        if known is not None:
            self._clock.set_offset(known)

    def read(self, work: Callable[[Session], T], deadline: Deadline | None = None) -> T:
        """Run statements that only read. Each sees the newest commit; use `snapshot` where several must agree."""

        def once() -> T:
            with self._connections.borrow() as connection:
                return work(connection.session)

        return self._patience.run(once, deadline)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Session]:
        """One unchanging view of everything, for as long as the block lasts."""
        begin = "BEGIN" if self.dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._translated(), self._connections.borrow() as connection:
            connection.execute(begin)
            if self.dialect != "sqlite":
                # It holds nobody up, and whoever reads it may do something else between two pages.
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            try:
                yield connection.session
            finally:
                connection.rollback()

    def write(
        self,
        work: Callable[[Session], T],
        deadline: Deadline | None = None,
        committed: Callable[[Session], bool] | None = None,
        lane: str | None = None,
    ) -> T:
        """Run `work` in one transaction that is durable when this returns; it may run several times.

        `lane`: the drive whose writer lock it takes first, so that it may share the commit of others that do.
        `committed` answers, in a new transaction, whether a commit whose answer was lost took place; it is asked only
        when `work` had come to its end. Without it such a commit becomes `OutcomeUnknown`.
        Errors: what the work raises; StorageFull; Unavailable; Cancelled. After OutcomeUnknown alone something may have
        changed.
        """
        began = time.perf_counter()
        outcome: Outcome = "failed"
        try:
            with span("transaction"):
                result = self._patience.run(
                    lambda: self._writer.run(work, lane), deadline, lambda undecided: self._settle(undecided, committed)
                )
            outcome = "committed"
            return result
        except DriveError as error:
            outcome = "failed" if isinstance(error, _NOT_REFUSED) else "rolled_back"
            raise
        finally:
            self.observer.transaction(time.perf_counter() - began, outcome)

    def close(self) -> None:
        self._writer.close()
        self._connections.close()
        self.engine.dispose()  # after all of its connections came back: those that come later would stay open

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._driver_error as error:
            raise drive_error(error) or error from error

    def _settle(self, undecided: Undecided, committed: Callable[[Session], bool] | None) -> bool:
        """Find out about a commit whose answer was lost, once its transaction is over one way or the other. A server
        that starts again is waited for as long as another's lock. Errors: OutcomeUnknown, whatever goes wrong here:
        no other error may say that nothing was changed."""
        ends = time.monotonic() + self._options.wait_s
        while True:
            try:
                took_place = self.read(lambda session: _outcome(session, undecided.number, committed or _nobody_tells))
                if took_place is not None:
                    return took_place
            except (Unavailable, StorageFull):
                pass
            except (DriveError, self._driver_error):
                break  # what would tell is gone itself, by somebody's later change
            if time.monotonic() >= ends:
                break
            with resting():
                time.sleep(SETTLE_POLL_S)
        raise OutcomeUnknown("the connection to the metadata broke; see whether the change took place") from undecided


def _outcome(session: Session, number: str, committed: Callable[[Session], bool]) -> bool | None:
    """Whether a transaction took place; None while it may be under way. One connection answers both: of two, the second
    may lead to a server that knows less."""
    return None if is_under_way(session, number) else committed(session)


def _nobody_tells(_session: Session) -> bool:
    raise NotFound("this change leaves no trace of its own")
