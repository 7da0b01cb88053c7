"""Questions to a database whose answers tell whether it keeps its promises."""

from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_SETTING = Statement("SELECT current_setting(:name, true)")
_NOW = Statement("SELECT {NOW_MS}")
_COUNTS = Statement("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM drives)")
_JOURNAL = Statement("PRAGMA journal_mode")
_VERSION_SQLITE = Statement("SELECT sqlite_version()")
_VERSION_POSTGRESQL = Statement("SELECT current_setting('server_version')")


class Health(NamedTuple):
    """`version` of the database, its clock in unix ms, how many users and drives there are, and each setting by which
    acknowledged changes could be lost, in a sentence."""

    version: str
    now_ms: int
    users: int
    drives: int
    dangers: tuple[str, ...]


def health(session: Session) -> Health:
    """Ask."""
    users, drives = session.row(_COUNTS) or (0, 0)
    sqlite = session.dialect == "sqlite"
    version = session.value(_VERSION_SQLITE if sqlite else _VERSION_POSTGRESQL)
    dangers = _sqlite_dangers(session) if sqlite else _postgresql_dangers(session)
    return Health(f"{'SQLite' if sqlite else 'PostgreSQL'} {version}", session.value(_NOW), users, drives, dangers)


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
