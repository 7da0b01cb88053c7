"""A gate in front of the right to write: while it is shut, changes come up to it and wait.

So two changes meet for certain: both have read what they read before they write, and neither has written.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from davdrive.metadata.turnstile import Turnstile
from tests.support.clock import libpq_uri

PATIENCE_S = 10.0
Shut = Callable[[list[str], str], AbstractContextManager[None]]
"""Shuts the gate in front of these drives, of one that is to be made, and of users, for as long as the block lasts."""

_HOLD = "SELECT id FROM drives WHERE name = ANY(%s) ORDER BY name_key FOR UPDATE"
_MAKE = """
    INSERT INTO drives (name, name_key, case_insensitive, used_bytes, revision, next_node, time_ms, created_ms)
    VALUES (%(name)s, %(name)s, 0, 0, 0, 0, 0, 0)"""


@contextlib.contextmanager
def gate(url: str) -> Iterator[Shut]:
    """The gate of a database: SQLite's turnstile, PostgreSQL's rows of drives."""
    if url.startswith("sqlite"):
        turnstile = Turnstile(Path(make_url(url).database or ""), PATIENCE_S)
        try:
            yield lambda *_: turnstile.passage()
        finally:
            turnstile.close()
        return
    with psycopg.connect(libpq_uri(url)) as connection:

        @contextlib.contextmanager
        def shut(drives: list[str], made: str) -> Iterator[None]:
            connection.execute(_HOLD, (drives,))
            connection.execute(_MAKE, {"name": made})
            connection.execute("LOCK TABLE users IN EXCLUSIVE MODE")
            try:
                yield
            finally:
                connection.rollback()

        yield shut


def deadlocks(url: str) -> int:
    """How many rings of waiting transactions PostgreSQL had to break in this database; SQLite has one writer."""
    if url.startswith("sqlite"):
        return 0
    with psycopg.connect(libpq_uri(url), autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])
