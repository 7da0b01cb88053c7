"""Telling the disk to keep what it was given, and folders that are still there after a power cut."""

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from davdrive.errors import Misconfigured

# macOS: fsync leaves bytes in the drive's own cache; this flushes that too.
_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)

_NOT_OURS_TO_SYNC: Final = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP)
"""Who may not read a folder cannot sync it, and some file systems do not know how."""


def sync(descriptor: int) -> None:
    """Return when everything written to `descriptor` (a file or a folder) survives a power cut. OSError otherwise."""
    if _FULL_SYNC is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, _FULL_SYNC)


def make_durable_folder(folder: Path, mode: int = 0o777) -> None:
    """Make `folder` and what is missing above it, `folder` itself with `mode`, and see that their names reach the disk.

    That a folder exists does not tell: another process may have made it a moment ago. So every name on the way is
    synced, which costs next to nothing where nothing changed. Raises OSError if it cannot be made or synced.
    """
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for above in folder.absolute().parents:
        try:
            sync_folder(above)
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SYNC:
                raise


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` survive a power cut. OSError otherwise."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, whatever the umask is, for nobody but this user.

    Where everybody may write (`/tmp`) somebody else may have been first, with links for our files in it. Errors:
    Misconfigured then; OSError if it cannot be made.
    """
    for each in reversed([folder, *folder.parents]):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
        anybodys = each.parent.stat().st_mode & stat.S_IWOTH
        if anybodys and each.lstat().st_uid not in (0, os.getuid()):
            raise Misconfigured(f"{each} belongs to somebody else; name another folder as run_dir")
