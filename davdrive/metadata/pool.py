"""Connections on loan from SQLAlchemy's pool, with the driver's cursor ready."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from davdrive.errors import Unavailable
from davdrive.metadata.faults import Fault, fault_of
from davdrive.metadata.session import Session


class Borrowed:
    """A connection that is ours for a while. `Error` is the driver's base error."""

    __slots__ = ("Error", "_cursor", "session")

    def __init__(self, cursor: Any, dialect: str, error: type[Exception]) -> None:
        self._cursor = cursor
        self.Error = error
        self.session = Session(cursor, dialect)

    def execute(self, sql: str) -> None:
        self._cursor.execute(sql)

    def rollback(self) -> None:
        """Roll back if there is anything to; a lost connection has nothing."""
        with contextlib.suppress(self.Error):
            self._cursor.execute("ROLLBACK")


@contextlib.contextmanager
def borrow(engine: Engine) -> Iterator[Borrowed]:
    """Lend a connection; one that broke is thrown away. Errors: Unavailable when none is free in time, or the
    driver's own error."""
    driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
    try:
        pooled = engine.raw_connection()
    except sa.exc.TimeoutError:
        raise Unavailable("the drive is too busy: no database connection came free in time; try again") from None
    except sa.exc.DBAPIError as error:
        raise error.orig or error from None
    try:
        cursor = pooled.cursor()
        try:
            yield Borrowed(cursor, engine.dialect.name, driver_error)
        finally:
            with contextlib.suppress(driver_error):
                cursor.close()
    except driver_error as error:
        if fault_of(error) is Fault.LOST:
            pooled.invalidate(error)
        raise
    finally:
        pooled.close()
