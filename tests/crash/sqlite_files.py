"""Stands between SQLite and its files: every write, truncation, sync and removal of its own is told before it happens,
and may fail as a disk does.

It changes the methods of SQLite's default file system in this process through its C interface, whose structures have
not changed since 2011 (https://sqlite.org/c3ref/io_methods.html).
"""

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Told = Callable[[str], int]
"""Hears what is about to happen to which file, and says 0, or SQLite's result code for how it fails."""

_Write = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
# Names travel as addresses: SQLite keeps the one that it opened a file with, and looks behind its end.
_Open = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

_OTHERS = ("size", "lock", "unlock", "reserved", "control", "sector", "device", "map", "shm", "barrier", "unmap")


class _Methods(ctypes.Structure):
    """sqlite3_io_methods."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("close", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("truncate", ctypes.c_void_p),
        ("sync", ctypes.c_void_p),
        *((name, ctypes.c_void_p) for name in (*_OTHERS, "fetch", "unfetch")),
    )


class _File(ctypes.Structure):
    """sqlite3_file."""

    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


class _FileSystem(ctypes.Structure):
    """The beginning of sqlite3_vfs."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("path_bytes", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("delete", ctypes.c_void_p),
    )


_kept: list[Any] = []
"""What C code points to lives as long as the process."""


def watch(told: Told) -> None:
    """Tell of what SQLite does to files, for the rest of this process's life."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_FileSystem)
    system = library.sqlite3_vfs_find(None).contents
    open_file, delete = _Open(system.open), _Delete(system.delete)

    def opened(vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        result = open_file(vfs, name, file, flags, out)
        if result == sqlite3.SQLITE_OK and name:
            _replace_methods(ctypes.cast(file, ctypes.POINTER(_File)).contents, _short(name), told)
        return result

    def deleted(vfs: int, name: int, sync: int) -> int:
        return told(f"unlink {_short(name)}") or delete(vfs, name, sync)

    new_open, new_delete = _Open(opened), _Delete(deleted)
    _kept.extend((open_file, delete, new_open, new_delete))
    system.open = ctypes.cast(new_open, ctypes.c_void_p)
    system.delete = ctypes.cast(new_delete, ctypes.c_void_p)


def _short(name: int) -> str:
    return Path(ctypes.string_at(name).decode()).name


def _replace_methods(file: _File, name: str, told: Told) -> None:
    methods = _Methods.from_buffer_copy(file.methods.contents)
    write, truncate, sync = _Write(methods.write), _Truncate(methods.truncate), _Sync(methods.sync)
    replaced = {
        "write": _Write(lambda at, buffer, size, offset: told(f"write {name}") or write(at, buffer, size, offset)),
        "truncate": _Truncate(lambda at, size: told(f"truncate {name}") or truncate(at, size)),
        "sync": _Sync(lambda at, flags: told(f"sync {name}") or sync(at, flags)),
    }
    for method, function in replaced.items():
        setattr(methods, method, ctypes.cast(function, ctypes.c_void_p))
    _kept.append((methods, replaced, write, truncate, sync))
    file.methods = ctypes.pointer(methods)
