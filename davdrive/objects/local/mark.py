"""The mark of a local store: a file at its top, replaced as a whole."""

import os
import secrets
from contextlib import suppress

from davdrive.folders import sync
from davdrive.objects.base import MARK, MARK_BYTES
from davdrive.objects.local.folders import ObjectFolders

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = 0o600
_RANDOM_BYTES = 4


def read_mark(folders: ObjectFolders) -> bytes | None:
    """The bytes, None without a file. Raises OSError."""
    try:
        descriptor = os.open(MARK, _READ, dir_fd=folders.root_fd)
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, MARK_BYTES)
    finally:
        os.close(descriptor)


def write_mark(folders: ObjectFolders, mark: bytes) -> None:
    """Write, sync, rename, sync. Raises OSError."""
    temporary = f"{MARK}-{secrets.token_hex(_RANDOM_BYTES)}"
    try:
        _write(folders.temporary_fd, temporary, mark)
        os.replace(temporary, MARK, src_dir_fd=folders.temporary_fd, dst_dir_fd=folders.root_fd)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folders.temporary_fd)
        raise
    sync(folders.root_fd)


def _write(folder_fd: int, name: str, mark: bytes) -> None:
    descriptor = os.open(name, _WRITE, _PRIVATE, dir_fd=folder_fd)
    try:
        written = 0
        while written < len(mark):
            written += os.write(descriptor, mark[written:])
        sync(descriptor)
    finally:
        os.close(descriptor)
