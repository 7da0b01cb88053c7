"""One process of all workers and nodes at a time: a file lock beside SQLite, an advisory lock in PostgreSQL.

Both end with the process that holds them. PostgreSQL's belongs to a connection of its own; should that break, the
lock is gone and `Alone.check` says so. (A pooler in front of PostgreSQL has to keep sessions, not transactions.)
"""

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.engine import Connection

from davdrive.errors import StorageFull, Unavailable
from davdrive.metadata.database import Database
from davdrive.metadata.engine import PRIMARY
from davdrive.metadata.faults import drive_error

_TRY = sa.text("SELECT pg_try_advisory_lock(:space, :key)")
_HELD = sa.text("""
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted""")
_SPACE = 0x64617664  # "davd"
_POLL_S = 0.25
_CONNECT = {"connect_timeout": 5, **PRIMARY}
_ANSWER_S = 10.0
"""The lock's own connection asks for nothing that takes time."""


@dataclass(frozen=True, slots=True)
class Alone:
    """The right to do something that only one process may do at a time."""

    held: Callable[[], bool]

    def check(self) -> None:
        """Errors: Unavailable when the right was lost."""
        if not self.held():
            raise Unavailable("the connection that held the upkeep lock broke; run it again")


@contextlib.contextmanager
def alone(database: Database, name: str, wait_s: float = 0.0) -> Iterator[Alone | None]:
    """Hold the lock `name` for the block; None when another process has it, also after `wait_s` seconds.

    Errors: Unavailable, StorageFull.
    """
    if database.dialect == "sqlite":
        holding = _by_file(f"{database.engine.url.database}-{name}", wait_s)
    else:
        holding = _by_advisory_lock(database.engine.url, crc32(name.encode()) & 0x7FFFFFFF, wait_s)
    with holding as held:
        yield held


@contextlib.contextmanager
def _by_file(path: str, wait_s: float) -> Iterator[Alone | None]:
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=wait_s, poll_interval=_POLL_S / 10)
    except Timeout:
        yield None
        return
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("the server's disk is full; nothing was changed") from error
        raise Unavailable("the lock beside the metadata file cannot be made; nothing was changed") from error
    try:
        yield Alone(lambda: lock.is_locked)
    finally:
        lock.release()


@contextlib.contextmanager
def _by_advisory_lock(url: sa.URL, key: int, wait_s: float) -> Iterator[Alone | None]:
    from davdrive.metadata.heedful import make_heedful

    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT", connect_args=_CONNECT)
    make_heedful(engine, _ANSWER_S)
    try:
        connection = engine.connect()
    except sa.exc.DBAPIError as error:
        raise (drive_error(error.orig) if error.orig else None) or error from error
    with contextlib.closing(connection):
        try:
            taken = _take(connection, key, wait_s)
        except sa.exc.DBAPIError as error:
            raise (drive_error(error.orig) if error.orig else None) or error from error
        yield Alone(lambda: _is_held(connection)) if taken else None


def _take(connection: Connection, key: int, wait_s: float) -> bool:
    ends = time.monotonic() + wait_s
    while not connection.execute(_TRY, {"space": _SPACE, "key": key}).scalar():
        if time.monotonic() >= ends:
            return False
        time.sleep(_POLL_S)
    return True


def _is_held(connection: Connection) -> bool:
    try:
        return bool(connection.execute(_HELD).scalar())
    except sa.exc.DBAPIError:
        return False
