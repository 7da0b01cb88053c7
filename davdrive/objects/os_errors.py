"""One table from operating system errors to DriveError kinds."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from davdrive.errors import Damaged, DriveError, StorageFull, Unavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_GONE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)


def drive_error(error: OSError) -> DriveError:
    """The kind that `error` is, with a sentence that names no path.

    ELOOP and ENOTDIR come from O_NOFOLLOW: somebody put a link where an object was.
    """
    if error.errno in _FULL:
        return StorageFull("the object store has no room left; free some space or raise its quota")
    if error.errno in _GONE:
        return Damaged("stored bytes are missing from the object store; run `davdrive check`")
    reason = errno.errorcode.get(error.errno or 0, "unknown")
    return Unavailable(f"the object store cannot be used right now ({reason})")


@contextmanager
def os_errors() -> Iterator[None]:
    """Turn every OSError inside into its DriveError."""
    try:
        yield
    except OSError as error:
        raise drive_error(error) from error
