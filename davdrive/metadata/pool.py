"""Connections on loan, with the driver's cursor ready.

They come from SQLAlchemy's pool, which opens, counts and discards them. A connection that was given back waits in a
stack of our own: checking one out of the pool takes as long as three statements of SQLite.
"""

import contextlib
import threading
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

from davdrive.errors import Unavailable
from davdrive.metadata.faults import Fault, fault_of
from davdrive.metadata.session import Session


class Borrowed:
    """A connection that is ours for a while."""

    __slots__ = ("cursor", "driver_error", "pooled", "session")

    def __init__(self, pooled: PoolProxiedConnection, dialect: str, driver_error: type[Exception]) -> None:
        self.pooled = pooled
        self.cursor: Any = pooled.cursor()
        self.driver_error = driver_error
        self.session = Session(self.cursor, dialect)

    def execute(self, sql: str) -> None:
        self.cursor.execute(sql)

    def rollback(self) -> None:
        """Roll back if there is anything to; a lost connection has nothing."""
        with contextlib.suppress(self.driver_error):
            self.cursor.execute("ROLLBACK")


class Connections:
    """Lends connections of one engine. `borrow` is a context manager; what breaks inside it is thrown away."""

    def __init__(self, engine: Engine, most: int, wait_s: float) -> None:
        self._engine = engine
        self._dialect = engine.dialect.name
        self.driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._wait_s = wait_s
        self._idle: list[Borrowed] = []
        self._may_open = most
        self._changed = threading.Condition()
        self._waiting = 0

    def borrow(self) -> "_Loan":
        """A loan; entering it raises Unavailable when no connection comes free in time, or the driver's error."""
        return _Loan(self)

    def take(self) -> Borrowed:
        """An idle connection, a new one, or the next that comes back."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._wait() or self._open()

    def give_back(self, connection: Borrowed, error: BaseException | None) -> None:
        """Keep a connection for the next, or throw it away if it broke."""
        if isinstance(error, self.driver_error) and fault_of(error) is Fault.LOST:
            connection.pooled.invalidate(error)
            connection.pooled.close()
            self._closed()
            return
        self._idle.append(connection)
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def _wait(self) -> Borrowed | None:
        """An idle connection, or None and the right to open one. Errors: Unavailable."""
        with self._changed:
            self._waiting += 1
            try:
                if not self._changed.wait_for(lambda: self._idle or self._may_open, self._wait_s):
                    raise Unavailable("the drive is too busy: no database connection came free in time; try again")
                if self._idle:
                    return self._idle.pop()
                self._may_open -= 1
                return None
            finally:
                self._waiting -= 1

    def _closed(self) -> None:
        with self._changed:
            self._may_open += 1
            self._changed.notify()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            connection = self._idle.pop()
            connection.cursor.close()
            connection.pooled.close()
        self._engine.dispose()

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
