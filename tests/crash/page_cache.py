"""A page cache that a power cut empties: what was not synced is gone, as far as POSIX lets a file system forget.

The objects room works on real files, and this layer stands between it and `os`. It notes what each `fsync` made
durable: the bytes of a file, or the names in a folder. `power_cut` builds the tree that is left in the worst case.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import davdrive.folders
from davdrive.objects.local import folders, store, writer

MODULES: tuple[ModuleType, ...] = (davdrive.folders, folders, store, writer)
"""Every module that changes files for the local store."""


class PageCache:
    """Stands for the module `os` below `base`, which is durable as it is now. `skip`: the number of the `fsync` that
    does nothing (0: none), counted from 1 over those below `base`."""

    def __init__(self, base: Path, skip: int = 0) -> None:
        self._base = base
        self._skip = skip
        self.syncs = 0
        self._names: dict[int, dict[str, int]] = {base.stat().st_ino: _listing(base)}
        self._bytes: dict[int, bytes] = {}
        self._folders = {base.stat().st_ino}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        os.mkdir(path, mode, dir_fd=dir_fd)
        self._made_folder(os.stat(path, dir_fd=dir_fd).st_ino)

    def note_folders(self, folder: Path) -> None:
        """Folders that pathlib made past this layer."""
        for each in (folder, *folder.parents):
            if each != self._base and each.is_relative_to(self._base) and each.exists():
                self._folders.add(each.stat().st_ino)

    def _made_folder(self, number: int) -> None:
        self._folders.add(number)
        self._names[number] = {}

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        descriptor = os.open(path, flags, mode, dir_fd=dir_fd)
        if flags & os.O_EXCL:
            self._bytes.pop(os.fstat(descriptor).st_ino, None)  # the number may be a dead file's
        return descriptor

    def fsync(self, descriptor: int) -> None:
        about = os.fstat(descriptor)
        here = Path(f"/proc/self/fd/{descriptor}").resolve()
        if not here.is_relative_to(self._base):
            return
        self.syncs += 1
        if self.syncs == self._skip:
            return
        if stat.S_ISDIR(about.st_mode):
            self._names[about.st_ino] = _listing(here)
        else:
            self._bytes[about.st_ino] = here.read_bytes()

    def power_cut(self, left: Path) -> None:
        """Build in `left` what a machine finds that lost its power now."""
        self.note_folders(self._base)
        self._restore(self._base.stat().st_ino, left)

    def _restore(self, number: int, left: Path) -> None:
        left.mkdir()
        for name, below in self._names.get(number, {}).items():
            if below in self._folders:
                self._restore(below, left / name)
            else:
                (left / name).write_bytes(self._bytes.get(below, b""))


def _listing(folder: Path) -> dict[str, int]:
    return {entry.name: entry.inode() for entry in os.scandir(folder)}


@contextmanager
def caching(base: Path, skip: int = 0) -> Iterator[PageCache]:
    """Let the local store write through a page cache of `base`."""
    cache = PageCache(base, skip)
    with ExitStack() as patches:
        for module in MODULES:
            if hasattr(module, "os"):
                patches.enter_context(patch.object(module, "os", cache))
        yield cache
