"""A file on its way in: temporary file, write, compare the byte count, fsync, rename, fsync the folder."""

import os
import secrets
from contextlib import suppress

from davdrive.deadline import Deadline
from davdrive.errors import Unavailable
from davdrive.folders import sync
from davdrive.objects.base import Bytes, ObjectWriter
from davdrive.objects.local.folders import ObjectFolders
from davdrive.objects.os_errors import os_errors

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = 0o600
_RANDOM_BYTES = 4


class LocalWriter(ObjectWriter):
    """Bytes go straight to the file; nothing is buffered here."""

    def __init__(self, folders: ObjectFolders, key: str, deadline: Deadline) -> None:
        self.key = key
        self.size = 0
        self._folders = folders
        self._deadline = deadline
        self._name = key.rpartition("/")[2]
        # Not the key's name: whoever copies an object again must not stumble over what a killed process left of it.
        self._temporary = f"{self._name}-{secrets.token_hex(_RANDOM_BYTES)}"
        self._moved = False
        self._over = False
        with os_errors():
            self._fd = os.open(self._temporary, _FLAGS, _PRIVATE, dir_fd=folders.temporary_fd)

    def write(self, buffer: Bytes) -> None:
        with os_errors(), memoryview(buffer) as whole, whole.cast("B") as view:
            written = 0
            while written < len(view):
                written += os.write(self._fd, view[written:])
            self.size += written

    def finish(self) -> None:
        if self._over:
            # After a failed fsync the kernel may have dropped the pages: asking again would be told that all is well.
            raise Unavailable("this part of the body could not be stored; send it again")
        self._deadline.check()
        self._over = True
        with os_errors():
            if os.fstat(self._fd).st_size != self.size:
                raise Unavailable("the object store kept fewer bytes than it was given; send the body again")
            sync(self._fd)
            with self._folders.durable_folder_of(self.key) as folder_fd:
                os.replace(self._temporary, self._name, src_dir_fd=self._folders.temporary_fd, dst_dir_fd=folder_fd)
                self._moved = True
                sync(folder_fd)
        self._close()
        self._moved = False

    def abort(self) -> None:
        if self._fd < 0:
            return
        self._over = True
        self._close()
        with suppress(OSError):
            if self._moved:
                with self._folders.folder_of(self.key) as folder_fd:
                    os.unlink(self._name, dir_fd=folder_fd)
            else:
                os.unlink(self._temporary, dir_fd=self._folders.temporary_fd)

    def _close(self) -> None:
        descriptor, self._fd = self._fd, -1
        with suppress(OSError):
            os.close(descriptor)

    def __del__(self) -> None:
        # A forgotten writer must not hold a descriptor; its file is removed when it is old.
        if getattr(self, "_fd", -1) >= 0:
            self._close()
