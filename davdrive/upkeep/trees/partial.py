"""A file on its way into a folder, under another name until it is whole, written by one process at a time.

That name follows from the file's own: what a kill leaves is written over by the next who brings that file. Who writes
holds a lock on it, which ends with the process, so exports into one folder never take each other's halves. (Where a
file system knows no locks, that is left to whoever starts them.)
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import Final

PARTIAL = ".davdrive-part-"
"""How the name of a file on its way begins."""

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def taking_place_of(path: Path) -> Iterator[FileIO | None]:
    """An empty file that takes the place of `path` when the block ends well, and is removed when it does not; None
    while somebody else brings that file. Raises OSError."""
    at = path.with_name(PARTIAL + hashlib.sha256(path.name.encode()).hexdigest()[:16])
    file = _claimed(at)
    if file is None:
        yield None
        return
    with file:
        try:
            yield file
            os.replace(at, path)
        except BaseException:
            at.unlink(missing_ok=True)
            raise


def _claimed(at: Path) -> FileIO | None:
    """The file `at`, made or left by the dead, locked and emptied; None if it is somebody's."""
    _clear(at)
    descriptor = os.open(at, _FLAGS, 0o666)
    try:
        if _is_locked(descriptor) and _is_ours(descriptor, at):
            os.ftruncate(descriptor, 0)
            return open(descriptor, "wb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _clear(at: Path) -> None:
    """What has the name and is no file of its own (a link, also a hard one, a pipe) must not be written through."""
    with suppress(FileNotFoundError):
        about = at.lstat()
        if not S_ISREG(about.st_mode) or about.st_nlink > 1:
            at.unlink()


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is_ours(descriptor: int, at: Path) -> bool:
    """Whether the name still means what was opened: until the lock was got its owner may have moved or removed it."""
    about = os.fstat(descriptor)
    with suppress(FileNotFoundError):
        return os.path.samestat(about, at.lstat()) and S_ISREG(about.st_mode) and about.st_nlink == 1
    return False
