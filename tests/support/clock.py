"""A clock that a test moves, under the real SQL: no seam in the product.

SQLite lets a connection replace `julianday`, and its clock of locks is two functions in Python; PostgreSQL finds
`clock_timestamp` in a schema that stands before `pg_catalog`. So every statement that asks the database for the time
gets the test's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from davdrive.metadata import steady

UNIX_EPOCH_JULIAN = 2440587.5
DAY_MS = 86_400_000


@dataclass
class Clock:
    """The time in unix milliseconds, which stands still until somebody moves it. `jumped_ms`: how far somebody set the
    wall clock ahead of (or behind) it."""

    now_ms: int = 1_700_000_000_000
    jumped_ms: int = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += int(seconds * 1000)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, of a machine with SQLite: no time passes."""
        self.jumped_ms += int(seconds * 1000)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Every database that is opened inside lives by this clock."""

        def serve(connection: Any, _record: object) -> None:
            if hasattr(connection, "create_function"):
                connection.create_function("julianday", 1, self._julianday)

        event.listen(Pool, "connect", serve)
        try:
            with (
                patch.object(steady, "wall_ms", lambda: self.now_ms + self.jumped_ms),
                patch.object(steady, "since_boot_ms", lambda: self.now_ms),
            ):
                yield
        finally:
            event.remove(Pool, "connect", serve)

    def _julianday(self, _when: str) -> float:
        return UNIX_EPOCH_JULIAN + (self.now_ms + self.jumped_ms) / DAY_MS


@dataclass
class PostgresClock(Clock):
    """The same for a PostgreSQL database, which is told at every move. `uri` is psycopg's, of that database."""

    uri: str = ""

    def __post_init__(self) -> None:
        self._connection = psycopg.connect(self.uri, autocommit=True)
        name = self._connection.info.dbname
        for sql in (
            "CREATE SCHEMA test_clock",
            "CREATE TABLE test_clock.now (ms bigint)",
            f"INSERT INTO test_clock.now VALUES ({self.now_ms})",
            """CREATE FUNCTION test_clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
               AS 'SELECT pg_catalog.to_timestamp(ms / 1000.0) FROM test_clock.now'""",
            f"ALTER DATABASE {name} SET search_path = public, test_clock, pg_catalog",
        ):
            self._connection.execute(sql.encode())

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._connection.execute("UPDATE test_clock.now SET ms = %s", (self.now_ms,))

    def close(self) -> None:
        self._connection.close()


def libpq_uri(url: str) -> str:
    """The address of a SQLAlchemy URL as libpq writes it."""
    parsed = make_url(url)
    parts: dict[str, object] = {**parsed.query, "dbname": parsed.database, "user": parsed.username}
    parts |= {"password": parsed.password, "host": parsed.host or parsed.query.get("host"), "port": parsed.port}
    return psycopg.conninfo.make_conninfo("", **{key: str(value) for key, value in parts.items() if value})
