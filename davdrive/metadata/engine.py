"""Opening a database: SQLite with the pragmas that P1 needs, or PostgreSQL."""

import sqlite3
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from davdrive.errors import BadRequest


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How to reach the metadata.

    `url`: a SQLAlchemy URL, `sqlite:///…` or `postgresql+psycopg://…`. `pool_size`: connections kept open a process.
    `wait_s`: how long a transaction waits for another's lock, and for a free connection. `statement_s`: how long
    PostgreSQL may take for one statement.
    """

    url: str
    pool_size: int = 16
    wait_s: float = 15.0
    statement_s: float = 60.0
    sqlite_cache_kib: int = 4096


def open_engine(options: DatabaseOptions) -> Engine:
    """Make the engine; no connection is opened yet. Errors: BadRequest for a URL that is not supported."""
    try:
        url = make_url(options.url)
    except sa.exc.ArgumentError:
        raise BadRequest("metadata.url is not a database URL; write sqlite:///… or postgresql+psycopg://…") from None
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, options)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, options)
    raise BadRequest(f"metadata.url: {url.get_backend_name()} is not supported; use sqlite or postgresql")


def _pool(options: DatabaseOptions) -> dict[str, Any]:
    return {
        "pool_size": options.pool_size,
        "max_overflow": 0,
        "pool_timeout": options.wait_s,
        "pool_reset_on_return": None,
    }


def _sqlite(url: URL, options: DatabaseOptions) -> Engine:
    connect = {"timeout": options.wait_s, "isolation_level": None, "check_same_thread": False, "cached_statements": 256}
    engine = sa.create_engine(url, connect_args=connect, poolclass=sa.pool.QueuePool, **_pool(options))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{options.sqlite_cache_kib}",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgresql(url: URL, options: DatabaseOptions) -> Engine:
    timeouts = f"-c statement_timeout={int(options.statement_s * 1000)} -c lock_timeout={int(options.wait_s * 1000)}"
    connect = {
        "connect_timeout": max(1, int(options.wait_s)),
        "options": timeouts,
        "autocommit": True,
        "prepare_threshold": 2,
        "keepalives_idle": 30,
        "application_name": "davdrive",
    }
    return sa.create_engine(url.set(drivername="postgresql+psycopg"), connect_args=connect, **_pool(options))
