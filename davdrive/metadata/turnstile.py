"""A fair queue of processes for SQLite's one writer.

SQLite's busy handler sleeps longer the longer it waited, so a process that writes all the time starves the others.
Two file locks make a turnstile: whoever holds the outer one is next, so a writer that just finished has to queue
behind the one that waited.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from davdrive.baton import resting
from davdrive.errors import Unavailable

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.00015, 0.001
"""A commit takes a third of a millisecond or more: looking earlier costs the holder's core more than it gains."""

_CLOSED = -1


class Turnstile:
    """Lets one process at a time through, in the order of arrival as near as two locks give it."""

    def __init__(self, database: Path, wait_s: float) -> None:
        self._wait_s = wait_s
        self._next = _open(database.with_name(database.name + "-queue"))
        self._writing = _open(database.with_name(database.name + "-writer"))

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Hold the right to write. Raises `Unavailable` after `wait_s`."""
        ends = time.monotonic() + self._wait_s
        _lock(self._next, ends)
        try:
            _lock(self._writing, ends)
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._writing, fcntl.LOCK_UN)

    def close(self) -> None:
        """Nobody passes any more. A second time does nothing: the descriptors may be somebody else's by then."""
        descriptors, self._next, self._writing = (self._next, self._writing), _CLOSED, _CLOSED
        for descriptor in descriptors:
            if descriptor != _CLOSED:
                os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, ends: float) -> None:
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise Unavailable("the drive is too busy with other changes; nothing was changed, try again") from None
        with resting():
            time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE_S)
