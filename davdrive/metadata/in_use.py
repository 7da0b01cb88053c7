"""Whether another process has a database open: a server that would go on writing where nobody looks any more."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

from davdrive.metadata.engine import DatabaseOptions, open_engine

_OTHERS = sa.text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND application_name LIKE 'davdrive%'""")


def in_use(options: DatabaseOptions) -> bool:
    """Whether somebody has it open. Ask before this process opens it."""
    url = sa.engine.make_url(options.url)
    if url.get_backend_name() == "sqlite":
        return _file_in_use(Path(url.database or ""))
    engine = open_engine(options)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(_OTHERS).scalar())
    finally:
        engine.dispose()


def _file_in_use(file: Path) -> bool:
    """Every connection to a file in WAL mode holds a shared lock on it, whether it is busy or not."""
    if not file.exists():
        return False
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True
        raise
    finally:
        connection.close()
    return False
