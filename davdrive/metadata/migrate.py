"""Bringing the schema up to date at start, by whichever process comes first.

Several processes may start at once: SQLite's wait on a file lock beside the database, PostgreSQL's on an advisory
lock. A schema that is current is seen with one statement, and Alembic is not even imported.
"""

import contextlib
import math
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from davdrive.errors import BadRequest, Unavailable
from davdrive.folders import make_durable_folder
from davdrive.metadata.engine import PRIMARY, DatabaseOptions
from davdrive.metadata.expectations import show_an_example
from davdrive.metadata.opening import opening
from davdrive.metadata.url import read_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_KEY = 0x64617664  # "davd"
_MAY_MAKE = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
WAIT_S = 300
"""How long a process waits for another that migrates."""

_WRITES = "davdrive_writes"
"""The execution option of a connection whose transaction will write."""

_TOO_LONG = "another process has been migrating the database for too long"


def newest_revision() -> str:
    """The schema that this code needs."""
    return max(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate_from(options: DatabaseOptions, schema: str) -> None:
    """Make a database with an older schema: what `migrate` makes a new one of. For rows of that time."""
    engine = _plain_engine(options)
    try:
        _upgrade(engine, schema)
    finally:
        engine.dispose()


def migrate(options: DatabaseOptions) -> bool:
    """Bring the schema to `newest_revision`; whether anything was to do.

    Errors: BadRequest when the schema is newer than this code; Unavailable when the database cannot be reached or
    another process migrates for too long; Misconfigured where somebody has to mend something.
    """
    engine = _plain_engine(options)
    try:
        with opening():
            if _is_current(engine):
                return False
            with _alone(engine):
                if _is_current(engine):
                    return False
                _upgrade(engine)
            return True
    finally:
        engine.dispose()


def found_revision(options: DatabaseOptions) -> str:
    """The schema that is there, by its number; empty where there is none. Nothing is made or changed.

    Errors: Misconfigured, Unavailable when the database cannot be reached.
    """
    url = read_url(options.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return ""
    engine = _plain_engine(options)
    try:
        with opening():
            return _revision(engine)
    finally:
        engine.dispose()


def may_make_tables(options: DatabaseOptions) -> bool:
    """Whether PostgreSQL lets this role make tables where they would go. Errors: Misconfigured, Unavailable."""
    engine = _plain_engine(options)
    try:
        with opening(), engine.connect() as connection:
            return bool(connection.execute(sa.text(_MAY_MAKE)).scalar())
    finally:
        engine.dispose()


def _plain_engine(options: DatabaseOptions) -> Engine:
    url = read_url(options.url)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        try:
            # Password hashes and small files lie in it: nobody else on the machine may look.
            make_durable_folder(file.parent, 0o700)
            _make_private(file)
        except OSError as error:
            raise Unavailable(f"the folder for the metadata cannot be made: {error.strerror}") from error
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args={"timeout": options.wait_s})
        _begin_by_hand(engine)
        return engine
    patience = {"connect_timeout": max(2, math.ceil(options.connect_s)), **PRIMARY}
    return sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=patience)


def _begin_by_hand(engine: Engine) -> None:
    """Let a transaction begin where SQLAlchemy says so. Python's driver begins one before the first INSERT or UPDATE
    alone, so each CREATE TABLE would be committed by itself, and a process that dies between two of them would leave a
    database that no later start can bring up to date."""

    @event.listens_for(engine, "connect")
    def leave_it_to_us(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


def _make_private(file: Path) -> None:
    """It holds password hashes and small files, and the folder may be open to others. Its companions inherit it."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _revision(engine: Engine) -> str:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def _is_current(engine: Engine) -> bool:
    found = _revision(engine)
    if found > newest_revision():
        raise BadRequest("this database was made by a newer davdrive; install that version")
    return found == newest_revision()


@contextlib.contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with _file_lock(f"{engine.url.database}-migrate"):
            yield
        return
    with engine.connect() as connection:
        connection.execute(sa.text(f"SET lock_timeout = '{WAIT_S}s'"))
        try:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
        except sa.exc.OperationalError:
            raise Unavailable(_TOO_LONG) from None
        yield


@contextlib.contextmanager
def _file_lock(path: str) -> Iterator[None]:
    try:
        with FileLock(path, mode=0o600, timeout=WAIT_S):
            yield
    except Timeout:
        raise Unavailable(_TOO_LONG) from None


def _upgrade(engine: Engine, schema: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
        _check_foreign_keys(connection)
        show_an_example(connection)


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.execute(sa.text("PRAGMA foreign_key_check")).first():
        raise BadRequest("the migrated database has rows that refer to nothing; run davdrive check")
