"""Every step between first byte and answer is a failpoint: each system call that changes a file, each SQL statement,
and each write, sync and removal that SQLite makes for them.

They are found by wrapping what every step has to go through, so a step that somebody adds is attacked from its first
day, and the product has no seam for it. A step's name says who takes it (`objects.local.writer.finish os.fsync`), and
the how manieth of that name it is.
"""

import errno
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg

from davdrive.metadata import pool
from davdrive.metadata.direct_writer import DirectWriter
from davdrive.metadata.remote_session import RemoteSession
from davdrive.metadata.session import Session
from tests.crash import sqlite_files

SYSTEM_CALLS = ("open", "mkdir", "write", "fsync", "replace", "rename", "unlink", "link", "ftruncate")


BEHIND = ("committed", "answered")
"""Steps at which nothing is done any more that could go wrong by itself."""


def _die(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _full(name: str) -> None:
    if name.startswith("os."):
        raise OSError(errno.ENOSPC, "No space left on device")
    raise _sqlite_error("database or disk is full", sqlite3.SQLITE_FULL)


def _broken(name: str) -> None:
    if name.startswith("os."):
        raise OSError(errno.EIO, "Input/output error")
    raise _sqlite_error("disk I/O error", sqlite3.SQLITE_IOERR)


def _no_memory(_: str) -> None:
    raise MemoryError


def _sqlite_error(message: str, code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


PASSED_THROUGH = {
    "metadata.remote_session",
    "metadata.session",
    "metadata.pool",
    "metadata.statement",
    "baton",
    "folders",
    "objects.os_errors",
}
"""Modules that take steps for others: they say nothing about which step it is."""

SQLITE_CODES = {
    "the disk is full": dict.fromkeys(("write", "truncate", "sync", "unlink"), sqlite3.SQLITE_FULL),
    "the disk is broken": {
        "write": sqlite3.SQLITE_IOERR_WRITE,
        "truncate": sqlite3.SQLITE_IOERR_TRUNCATE,
        "sync": sqlite3.SQLITE_IOERR_FSYNC,
        "unlink": sqlite3.SQLITE_IOERR_DELETE,
    },
    "no memory": dict.fromkeys(("write", "truncate", "sync", "unlink"), sqlite3.SQLITE_IOERR_NOMEM),
}
"""What a step of SQLite's own returns when it fails."""

TROUBLES: dict[str, Callable[[str], None]] = {
    "killed": _die,
    "the disk is full": _full,
    "the disk is broken": _broken,
    "no memory": _no_memory,
}
"""What may happen at a step."""


def taker() -> str:
    """The function of davdrive that takes the present step."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        package, _, module = str(frame.f_globals.get("__name__")).partition(".")
        if package == "davdrive" and module not in PASSED_THROUGH:
            return f"{module}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "somebody"


class Failpoints:
    """Counts the steps of this process, names them through `tell`, and lets `trouble` happen when it is about to take
    the `at` one: a number (0: never) or a name. Armed, it counts."""

    def __init__(self, at: int | str, trouble: str, tell: Callable[[str], None]) -> None:
        self.armed = False
        self._at = at
        self._trouble = trouble
        self._tell = tell
        self._mutex = threading.Lock()
        self._count = 0
        self._named = Counter[str]()

    def step(self, what: str) -> None:
        """The process is about to do something of that name."""
        if self._meets(what) and (self._trouble == "killed" or what not in BEHIND):
            TROUBLES[self._trouble](what)

    def sqlite_step(self, what: str) -> int:
        """The same for SQLite, which wants a result code."""
        if not self._meets(f"sqlite {what}"):
            return sqlite3.SQLITE_OK
        if self._trouble == "killed":
            _die(what)
        return SQLITE_CODES[self._trouble][what.split()[0]]

    def _meets(self, what: str) -> bool:
        if not self.armed:
            return False
        named = f"{taker()} {what}"
        with self._mutex:
            self._count += 1
            self._named[named] += 1
            name = f"{named} #{self._named[named]}"
            self._tell(name)
            return self._at in (self._count, name)

    def install(self) -> None:
        """Wrap system calls, SQLite's files and all statements, for the rest of this process's life."""
        self._install_postgresql()
        sqlite_files.watch(self.sqlite_step)
        for name in SYSTEM_CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        made = pool.Borrowed.__init__

        def make(borrowed: pool.Borrowed, *arguments: Any) -> None:
            made(borrowed, *arguments)
            if not isinstance(borrowed.session, RemoteSession):
                borrowed.cursor = _Cursor(borrowed.cursor, self)
                borrowed.session = Session(borrowed.cursor, "sqlite")

        setattr(pool.Borrowed, "__init__", make)  # noqa: B010

    def _install_postgresql(self) -> None:
        """A step before each statement, one when a COMMIT is on its way and its answer is not, and one behind that."""
        execute, run = psycopg.Connection.execute, DirectWriter.run

        def executed(connection: Any, query: Any, *arguments: Any, **named: Any) -> Any:
            words = " ".join((query if isinstance(query, str) else query.decode()).split()[:3])
            self.step(f"sql {words}")
            result = execute(connection, query, *arguments, **named)
            if words == "COMMIT" and self.armed:
                connection.pgconn.flush()
                self.step("committing")
            return result

        def ran(writer: Any, work: Any, lane: str | None = None) -> Any:
            result = run(writer, work, lane)
            self.step("committed")
            return result

        setattr(psycopg.Connection, "execute", executed)  # noqa: B010
        setattr(DirectWriter, "run", ran)  # noqa: B010

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            # Opening for reading changes nothing.
            if name != "open" or arguments[1] & os.O_CREAT:
                self.step(f"os.{name}")
            return call(*arguments, **named)

        return wrapped


class _Cursor:
    """A cursor whose statements are steps. There is one more right behind a COMMIT: durable, and nobody knows."""

    def __init__(self, cursor: Any, failpoints: Failpoints) -> None:
        self._cursor = cursor
        self._failpoints = failpoints

    def execute(self, sql: str, *parameters: Any) -> Any:
        words = " ".join(sql.split()[:3])
        self._failpoints.step(f"sql {words}")
        result = self._cursor.execute(sql, *parameters)
        if words == "COMMIT":
            self._failpoints.step("committed")
        return result

    def executemany(self, sql: str, parameters: Any) -> Any:
        self._failpoints.step(f"sql {' '.join(sql.split()[:3])} …")
        return self._cursor.executemany(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)
