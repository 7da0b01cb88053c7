"""Opening a database: SQLite with the pragmas that P1 needs, or PostgreSQL."""

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine

from davdrive.metadata.url import read_url


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How to reach the metadata.

    `url`: a SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`. `pool_size`: connections that a process
    keeps, `pool_overflow`: how many more it may open for a moment. `wait_s`: how long a transaction waits for another's
    lock. `pool_wait_s`: how long for a free connection. `tries`: how often a transaction is tried before the client is
    told to come again: with back-off, two seconds.
    `application`: what PostgreSQL's own views call this process.
    """

    url: str
    pool_size: int = 16
    pool_overflow: int = 0
    wait_s: float = 15.0
    pool_wait_s: float = 15.0
    tries: int = 8
    sqlite_cache_kib: int = 4096
    connect_s: float = 5.0
    """How long PostgreSQL may take to answer a new connection."""
    statement_s: float = 60.0
    """How long PostgreSQL may take for one statement."""
    recycle_s: float = 1800.0
    """A connection to PostgreSQL that was idle for longer is closed: firewalls forget quiet ones."""
    application: str = "davdrive"
    read_only: bool = False
    """Let the database refuse every change: for commands that only look."""


def open_engine(options: DatabaseOptions) -> Engine:
    """Make the engine; no connection is opened yet. Errors: Misconfigured for a URL that is not supported."""
    url = read_url(options.url)
    return _sqlite(url, options) if url.get_backend_name() == "sqlite" else _postgresql(url, options)


WRITING = 1
"""Connections that SQLite's writer has beside the pool."""


def _pool(options: DatabaseOptions) -> dict[str, Any]:
    # Waiting, reuse and discarding are `davdrive.metadata.pool`'s; SQLAlchemy opens and counts.
    most = options.pool_size + options.pool_overflow
    return {"pool_size": most, "max_overflow": 0, "pool_timeout": 0.0, "pool_reset_on_return": None}


def _sqlite(url: URL, options: DatabaseOptions) -> Engine:
    connect = {"timeout": options.wait_s, "isolation_level": None, "check_same_thread": False, "cached_statements": 256}
    pool = {**_pool(options), "pool_size": options.pool_size + options.pool_overflow + WRITING}
    engine = sa.create_engine(url, connect_args=connect, poolclass=sa.pool.QueuePool, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{options.sqlite_cache_kib}",
            "temp_store=MEMORY",
            f"query_only={'ON' if options.read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


_PLANS: Mapping[str, str] = {
    # Every statement is written to go by an index from row to row, which is all that SQLite does. PostgreSQL would
    # guess other plans from tables that are small or not analysed yet, and keep them while the tables grow.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_memoize": "off",
    # One plan a statement and connection: planning the walk down a path takes ten times as long as walking it.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "client_min_messages": "warning",
}


PRIMARY = {"target_session_attrs": "primary"}
"""For the driver: a standby may not have heard yet of what was answered for. While it takes over it is waited for."""

PREPARED_MOST = 500
"""Statements that a connection keeps prepared: more than davdrive has."""


def _postgresql(url: URL, options: DatabaseOptions) -> Engine:
    limits = {
        "statement_timeout": _ms(options.statement_s),
        "lock_timeout": _ms(options.wait_s),
        # A node that hangs or is cut off in mid-transaction must not hold a drive's writer lock for ever.
        "idle_in_transaction_session_timeout": _ms(options.statement_s),
        "default_transaction_read_only": "on" if options.read_only else "off",
        # Who waited for a writer lock has to see what was committed meanwhile, whatever the database's default is.
        "default_transaction_isolation": r"read\ committed",
    }
    connect = {
        "connect_timeout": max(2, math.ceil(options.connect_s)),  # libpq takes 1 for 2
        **PRIMARY,
        "options": " ".join(f"-c {name}={value}" for name, value in {**limits, **_PLANS}.items()),
        "autocommit": True,
        "prepare_threshold": 0,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        # The kernel's patience with bytes that nobody acknowledges: the server's host is gone.
        "tcp_user_timeout": _ms(options.statement_s),
        "application_name": options.application,
    }
    given = {name: value for name, value in connect.items() if name not in url.query}
    engine = sa.create_engine(url, connect_args=given, **_pool(options))

    from psycopg.types.numeric import Int8Dumper

    from davdrive.metadata.heedful import make_heedful

    make_heedful(engine, options.statement_s)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.prepared_max = PREPARED_MOST
        # psycopg would send each number in the smallest type that holds it, and prepare a statement for every mixture.
        connection.adapters.register_dumper(int, Int8Dumper)

    return engine


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
