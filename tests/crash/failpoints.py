"""Every step between first byte and answer is a failpoint: each system call that changes a file, each SQL statement.

They are found by wrapping what every step has to go through, so a step that somebody adds is attacked from its first
day, and the product has no seam for it.
"""

import errno
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from davdrive.metadata import pool
from davdrive.metadata.session import Session

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


TROUBLES: dict[str, Callable[[str], None]] = {
    "killed": _die,
    "the disk is full": _full,
    "the disk is broken": _broken,
    "no memory": _no_memory,
}
"""What may happen at a step."""


class Failpoints:
    """Counts the steps of this process, names them through `tell`, and lets `trouble` happen when it is about to take
    the `at` one (0: never). Armed, it counts."""

    def __init__(self, at: int, trouble: str, tell: Callable[[str], None]) -> None:
        self.armed = False
        self._at = at
        self._trouble = trouble
        self._tell = tell
        self._mutex = threading.Lock()
        self._count = 0

    def step(self, name: str) -> None:
        """The process is about to do something of that name."""
        if not self.armed:
            return
        with self._mutex:
            self._count += 1
            met = self._count == self._at
            if not met or self._trouble != "killed":
                self._tell(name)
        if met and (self._trouble == "killed" or name not in BEHIND):
            TROUBLES[self._trouble](name)

    def install(self) -> None:
        """Wrap system calls and database cursors, for the rest of this process's life."""
        for name in SYSTEM_CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        made = pool.Borrowed.__init__

        def make(borrowed: pool.Borrowed, *arguments: Any) -> None:
            made(borrowed, *arguments)
            borrowed.cursor = _Cursor(borrowed.cursor, self)
            borrowed.session = Session(borrowed.cursor, "sqlite")

        setattr(pool.Borrowed, "__init__", make)  # noqa: B010

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
