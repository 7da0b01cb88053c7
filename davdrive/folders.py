"""Making folders that are still there after a power cut."""

import contextlib
import os
from pathlib import Path


def make_durable_folder(folder: Path, mode: int = 0o777) -> None:
    """Make `folder` and what is missing above it, `folder` itself with `mode`, and see that their names reach the disk.

    That a folder exists does not tell: another process may have made it a moment ago. So every name on the way is
    synced, which costs next to nothing where nothing changed. Raises OSError if it cannot be made.
    """
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for above in folder.absolute().parents:
        # Who may not read a folder cannot sync it, and some file systems do not know how.
        with contextlib.suppress(OSError):
            _sync(above)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
