"""Objects as files. Durable when the writer has finished; never follows a link below its root."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from davdrive.deadline import Deadline
from davdrive.errors import Damaged, Unavailable
from davdrive.objects.base import BLOCK_BYTES, Blocks, ObjectInfo, ObjectStore, ObjectWriter, check_range
from davdrive.objects.keys import check_key
from davdrive.objects.local.folders import TEMPORARY, ObjectFolders
from davdrive.objects.local.listing import list_objects
from davdrive.objects.local.mark import read_mark, write_mark
from davdrive.objects.local.writer import LocalWriter
from davdrive.objects.os_errors import os_errors
from davdrive.objects.probe import probe

TEMPORARY_MAX_AGE_S = 24 * 3600.0
"""Age of a temporary file that nobody can still be writing: a segment takes minutes, a day leaves a margin for a clock
that jumps."""

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class LocalStore(ObjectStore):
    """The objects of the folder `root`, which is made if it is missing. Several processes may share it.

    `temporary_max_age_s`: seconds after which a temporary file counts as left over by a crash. `clock`: unix seconds.
    Raises Unavailable if the folder cannot be used. Memory: one block of BLOCK_BYTES a reader, nothing a writer.
    """

    remote = False

    def __init__(
        self,
        root: Path,
        temporary_max_age_s: float = TEMPORARY_MAX_AGE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._temporary_max_age_s = temporary_max_age_s
        self._clock = clock
        try:
            self._folders = ObjectFolders(Path(root).absolute())
        except OSError as error:
            raise Unavailable(f"the folder for objects cannot be used: {error.strerror}; check objects.url") from error

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        deadline.check()
        return LocalWriter(self._folders, check_key(key), deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        check_range(offset, length)
        return self._blocks(check_key(key), offset, offset + length, deadline)

    def _blocks(self, key: str, at: int, stop: int, deadline: Deadline) -> Blocks:
        with os_errors():
            descriptor = self._open(key)
        try:
            if os.fstat(descriptor).st_size < stop:
                raise Damaged("an object is shorter than its rows say; run `davdrive check`")
            while at < stop:
                deadline.check()
                with os_errors():
                    block = os.pread(descriptor, min(BLOCK_BYTES, stop - at), at)
                if not block:
                    raise Damaged("an object became shorter while it was read; run `davdrive check`")
                at += len(block)
                yield block
        finally:
            os.close(descriptor)

    def _open(self, key: str) -> int:
        with self._folders.folder_of(key) as folder_fd:
            return os.open(key.rpartition("/")[2], _READ_FLAGS, dir_fd=folder_fd)

    def delete(self, key: str) -> None:
        check_key(key)
        with os_errors(), suppress(FileNotFoundError), self._folders.folder_of(key) as folder_fd:
            os.unlink(key.rpartition("/")[2], dir_fd=folder_fd)

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        with os_errors():
            yield from list_objects(self._folders.root_fd, prefix, after)

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        with os_errors(), self._folders.folder_of(key) as folder_fd:
            about = os.stat(key.rpartition("/")[2], dir_fd=folder_fd, follow_symlinks=False)
        if not stat.S_ISREG(about.st_mode):
            raise Damaged("something that is no object stands in the place of one; run `davdrive check`")
        return self._folders.root / key

    def read_mark(self) -> bytes | None:
        with os_errors():
            return read_mark(self._folders)

    def write_mark(self, mark: bytes) -> None:
        with os_errors():
            write_mark(self._folders, mark)

    def check(self) -> None:
        probe(self)
        self.sweep_temporary()

    def sweep_temporary(self) -> int:
        """Remove temporary files that crashes left behind, and say how many those were."""
        with os_errors():
            names = os.listdir(self._folders.root / TEMPORARY)
            return sum(self._remove_if_old(name) for name in names)

    def _remove_if_old(self, name: str) -> bool:
        folder_fd = self._folders.temporary_fd
        with suppress(FileNotFoundError, IsADirectoryError):
            about = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
            if self._clock() - about.st_mtime > self._temporary_max_age_s:
                os.unlink(name, dir_fd=folder_fd)
                return True
        return False

    def free_bytes(self) -> int | None:
        with os_errors():
            about = os.statvfs(self._folders.root_fd)
        return about.f_bavail * about.f_frsize

    def close(self) -> None:
        self._folders.close()
