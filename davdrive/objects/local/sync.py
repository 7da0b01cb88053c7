"""Telling the disk to keep what it was given."""

import fcntl
import os
from typing import Final

# macOS: fsync leaves bytes in the drive's own cache; this flushes that too.
_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)


def sync(descriptor: int) -> None:
    """Return when everything written to `descriptor` (a file or a folder) survives a power cut. OSError otherwise."""
    if _FULL_SYNC is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, _FULL_SYNC)
