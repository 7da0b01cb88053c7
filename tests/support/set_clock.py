"""A davdrive whose machine's wall clock somebody sets: `python -m tests.support.set_clock serve …`.

The clock is ahead by as many seconds as the file says that DAVDRIVE_TEST_CLOCK names, at any moment anew, for Python
and for SQLite alike; the clocks that nobody can set go on. DAVDRIVE_TEST_CLOCK_FAULT=1 plants a fault: locks that live
by the wall clock.
"""

import _sqlite3
import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

JULIAN_MS = 210_866_760_000_000
"""The unix epoch in SQLite's time."""

_Now = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64))

_FIELDS = (
    "next",
    "name",
    "data",
    "open",
    "delete",
    "access",
    "path",
    "dlopen",
    "dlerror",
    "dlsym",
    "dlclose",
    "random",
)


class _System(ctypes.Structure):
    """sqlite3_vfs up to its clock (https://sqlite.org/c3ref/vfs.html)."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("version", "file_bytes", "path_bytes")),
        *((name, ctypes.c_void_p) for name in (*_FIELDS, "sleep", "time", "error", "now")),
    )


_real_ns = time.time_ns
_kept: list[Any] = []


def ahead_s() -> float:
    """How far ahead the clock is."""
    with suppress(OSError, ValueError):
        return float(Path(os.environ["DAVDRIVE_TEST_CLOCK"]).read_text())
    return 0.0


def _now_ns() -> int:
    return _real_ns() + int(ahead_s() * 1e9)


def _sqlite_now(_: int, out: Any) -> int:
    out[0] = JULIAN_MS + _now_ns() // 1_000_000
    return 0


def set_clock() -> None:
    """From now on this process lives by the clock of the file."""
    time.time_ns, time.time = _now_ns, lambda: _now_ns() / 1e9
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_System)
    function = _Now(_sqlite_now)
    _kept.append(function)
    library.sqlite3_vfs_find(None).contents.now = ctypes.cast(function, ctypes.c_void_p)


def main() -> None:
    set_clock()
    from davdrive.__main__ import main as davdrive
    from davdrive.metadata import database

    if os.environ.get("DAVDRIVE_TEST_CLOCK_FAULT"):
        setattr(database, "boot_id", lambda: None)  # noqa: B010
    davdrive()


if __name__ == "__main__":
    main()
