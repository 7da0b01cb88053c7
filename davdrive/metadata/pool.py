"""Connections on loan, with the driver's cursor ready.

They come from SQLAlchemy's pool, which opens, counts and discards them. A connection that was given back waits in a
stack of our own: checking one out of the pool takes as long as three statements of SQLite.
"""

import contextlib
import threading
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

from davdrive.baton import resting
from davdrive.errors import Unavailable
from davdrive.metadata.faults import Fault, fault_of
from davdrive.metadata.remote_session import RemoteSession
from davdrive.metadata.session import Session


class Borrowed:
    """A connection that is ours for a while."""

    __slots__ = ("_driver", "cursor", "driver_error", "idle_since", "pooled", "session")

    def __init__(self, pooled: PoolProxiedConnection, dialect: str, driver_error: type[Exception]) -> None:
        self.pooled = pooled
        driver: Any = pooled.driver_connection  # its own connection, inside SQLAlchemy's
        self._driver = driver
        self.cursor: Any = pooled.cursor()
        self.driver_error = driver_error
        self.idle_since = 0.0
        sqlite = dialect == "sqlite"
        self.session = Session(self.cursor, dialect) if sqlite else RemoteSession(driver)

    def execute(self, sql: str) -> None:
        with resting():
            self.cursor.execute(sql)

    def rollback(self) -> None:
        """Roll back if there is anything to; a lost connection has nothing."""
        with contextlib.suppress(self.driver_error):
            if isinstance(self.session, RemoteSession):
                self.session.rollback()
            else:
                self.execute("ROLLBACK")

    @property
    def is_usable(self) -> bool:
        """Whether the next may have it: whole, and outside any transaction."""
        if isinstance(self.session, RemoteSession):
            return self.session.is_idle
        return not self._driver.in_transaction

    def discard(self) -> None:
        """Close it for good."""
        self.pooled.invalidate()
        self.pooled.close()


class Connections:
    """Lends connections of one engine. `borrow` is a context manager; what breaks inside it is thrown away.

    `keep`: connections that stay open, `overflow`: how many more there may be for a moment; `wait_s`: how long a loan
    waits for one; `recycle_s`: one that was idle for longer is not lent again (None: it is).
    """

    def __init__(
        self, engine: Engine, keep: int, wait_s: float, recycle_s: float | None = None, overflow: int = 0
    ) -> None:
        self._engine = engine
        self._dialect = engine.dialect.name
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._wait_s = wait_s
        self._recycle_s = recycle_s
        self._idle: list[Borrowed] = []
        self._keep = keep
        self._may_open = keep + overflow
        self._changed = threading.Condition()
        self._waiting = 0

    def borrow(self) -> "_Loan":
        """A loan; entering it raises Unavailable when no connection comes free in time, or the driver's error."""
        return _Loan(self)

    def take(self) -> Borrowed:
        """An idle connection, a new one, or the next that comes back."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                with resting():
                    return self._wait() or self._open()
            if self._recycle_s is None or time.monotonic() - connection.idle_since < self._recycle_s:
                return connection
            self._throw_away(connection)

    def give_back(self, connection: Borrowed, error: BaseException | None) -> None:
        """Keep a connection for the next, or throw it away if it broke: with it go the idle ones, which most likely
        broke for the same reason."""
        if isinstance(error, self.driver_error) and fault_of(error) is Fault.LOST:
            self._throw_away(connection)
            self._forget_idle()
            return
        connection.session.forget()
        # Also where nobody heard of an error: a rollback that failed left its transaction open.
        if not connection.is_usable or (len(self._idle) >= self._keep and not self._waiting):
            self._throw_away(connection)
            return
        if self._recycle_s is not None:
            connection.idle_since = time.monotonic()
        self._idle.append(connection)
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def _wait(self) -> Borrowed | None:
        """An idle connection, or None and the right to open one. Errors: Unavailable."""
        ends = time.monotonic() + self._wait_s
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    with contextlib.suppress(IndexError):
                        return self._idle.pop()
                    if self._may_open:
                        self._may_open -= 1
                        return None
                    if not self._changed.wait(max(0.0, ends - time.monotonic())) and time.monotonic() >= ends:
                        raise Unavailable("the drive is too busy: no database connection came free in time; try again")
            finally:
                self._waiting -= 1

    def _throw_away(self, connection: Borrowed) -> None:
        connection.discard()
        self._closed()

    def _forget_idle(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._throw_away(self._idle.pop())

    def _closed(self) -> None:
        with self._changed:
            self._may_open += 1
            self._changed.notify()

    def close(self) -> None:
        """Give what is idle back to the engine, whose owner disposes of it."""
        while self._idle:
            connection = self._idle.pop()
            connection.cursor.close()
            connection.pooled.close()

    def _open(self) -> Borrowed:
        try:
            return Borrowed(self._engine.raw_connection(), self._dialect, self.driver_error)
        except BaseException as error:
            self._closed()
            if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
                raise error.orig from None
            raise


class _Loan:
    """One loan, from entering to leaving a `with` block."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> Borrowed:
        self._connection = self._connections.take()
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._connections.give_back(self._connection, error)
