"""Questions to a database whose answers tell whether it keeps its promises."""

from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_SETTING = Statement("SELECT current_setting(:name, true)")
_NOW = Statement("SELECT {NOW_MS}")
_COUNTS = Statement("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM drives)")
_JOURNAL = Statement("PRAGMA journal_mode")
_CONNECTIONS = Statement("""
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int""")
_VERSION_SQLITE = Statement("SELECT sqlite_version()")
_VERSION_POSTGRESQL = Statement("SELECT current_setting('server_version')")


_ANYTHING = Statement("SELECT id FROM drives LIMIT 1")


class Health(NamedTuple):
    """`version` of the database, its clock in unix ms, how many users and drives there are, how many `connections` it
    allows (None: as many as one likes), and each setting by which acknowledged changes could be lost, in a sentence."""

    version: str
    now_ms: int
    users: int
    drives: int
    connections: int | None
    dangers: tuple[str, ...]


def answers(session: Session) -> None:
    """Ask something that costs nothing, but needs the tables."""
    session.row(_ANYTHING)


def health(session: Session) -> Health:
    """Ask."""
    users, drives = session.row(_COUNTS) or (0, 0)
    sqlite = session.dialect == "sqlite"
    version = session.value(_VERSION_SQLITE if sqlite else _VERSION_POSTGRESQL)
    dangers = _sqlite_dangers(session) if sqlite else _postgresql_dangers(session)
    connections = None if sqlite else int(session.value(_CONNECTIONS))
    name = f"{'SQLite' if sqlite else 'PostgreSQL'} {version}"
    return Health(name, session.value(_NOW), users, drives, connections, dangers)


def _sqlite_dangers(session: Session) -> tuple[str, ...]:
    if session.value(_JOURNAL) == "wal":
        return ()
    return ("the file system of the database does not support WAL (a network share?); use a local disk",)


def _postgresql_dangers(session: Session) -> tuple[str, ...]:
    return tuple(
        f"PostgreSQL runs with {name} = off: a crash may lose acknowledged changes; turn it on"
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if session.value(_SETTING, name=name) == "off"
    )
