"""The folders of a local store: opened one step at a time, never through a link, and made durable once.

Layout below the root: `tmp/` for files on their way in, `ab/cd/` for objects (`keys.py`). Every step is opened
relative to the one above with O_NOFOLLOW, so a link that somebody plants leads nowhere.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from davdrive.folders import make_durable_folder, sync

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
TEMPORARY = "tmp"
_PRIVATE = 0o700
_FAN_OUT = 256 * 256
_CLOSED = -1


class ObjectFolders:
    """The root folder of a store, made if it is missing; raises OSError. The root itself may be a link: that is the
    administrator's choice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        make_durable_folder(root, _PRIVATE)
        self.root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.temporary_fd = self._enter(self.root_fd, TEMPORARY, make=True)
        # One flag a fan-out folder: whether this process has seen its name reach the disk. That a folder exists does
        # not tell: another process may have made it a moment ago and not synced it yet.
        self._durable = bytearray(_FAN_OUT)

    @staticmethod
    def _enter(parent_fd: int, name: str, make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, _PRIVATE, dir_fd=parent_fd)
        return os.open(name, FOLDER_FLAGS, dir_fd=parent_fd)

    @contextmanager
    def folder_of(self, key: str) -> Iterator[int]:
        """A descriptor of the folder that holds `key`. OSError if it is missing or a link stands in its way."""
        outer, inner, _ = key.split("/")
        outer_fd = self._enter(self.root_fd, outer, make=False)
        try:
            inner_fd = self._enter(outer_fd, inner, make=False)
        finally:
            os.close(outer_fd)
        try:
            yield inner_fd
        finally:
            os.close(inner_fd)

    @contextmanager
    def durable_folder_of(self, key: str) -> Iterator[int]:
        """Like `folder_of`, made if it is missing, its own name and its parent's on the disk."""
        outer, inner, _ = key.split("/")
        if not self._durable[int(outer + inner, 16)]:
            self._make_durable(outer, inner)
        with self.folder_of(key) as inner_fd:
            yield inner_fd

    def _make_durable(self, outer: str, inner: str) -> None:
        outer_fd = self._enter(self.root_fd, outer, make=True)
        try:
            os.close(self._enter(outer_fd, inner, make=True))
            sync(outer_fd)
        finally:
            os.close(outer_fd)
        sync(self.root_fd)
        self._durable[int(outer + inner, 16)] = 1

    def close(self) -> None:
        """A second time does nothing: the descriptors may be somebody else's by then."""
        descriptors, self.temporary_fd, self.root_fd = (self.temporary_fd, self.root_fd), _CLOSED, _CLOSED
        for descriptor in descriptors:
            if descriptor != _CLOSED:
                os.close(descriptor)
