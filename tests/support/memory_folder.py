"""A folder in memory, for tests that kill processes and cut nothing else off: no disk has to be waited for."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A new folder, removed at the end; on a disk where the system has no shared memory."""
    where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="davdrive-", dir=where, ignore_cleanup_errors=True) as name:
        yield Path(name)
