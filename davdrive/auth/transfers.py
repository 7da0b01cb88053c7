"""Concurrent transfers, counted over the worker processes of one machine by file locks.

A transfer holds a lock on one byte of an empty file; who it belongs to decides which bytes it may take. The kernel
keeps the count and gives it back when a process dies, so nothing can leak and nothing is stored.
"""

import fcntl
import os
from hashlib import blake2b
from pathlib import Path
from threading import Lock

# Offsets reach beyond any file's end; 46 bits of digest and 16 bits of place stay below 2**63.
_DIGEST_BITS = 46
_PLACE_BITS = 16
MAX_TRANSFERS = 1 << _PLACE_BITS


class TransferSlots:
    """Places for transfers by key. One instance a process (locks of a file belong to the process); thread-safe."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._held: set[int] = set()
        self._mutex = Lock()
        os.register_at_fork(after_in_child=self._begin_anew)

    def acquire(self, key: str, limit: int) -> int | None:
        """Take one of `limit` places of `key`. Return what to give to `release`, or None when all are taken."""
        base = _base(key)
        with self._mutex:
            for place in range(base, base + min(limit, MAX_TRANSFERS)):
                if place not in self._held and self._lock(place):
                    self._held.add(place)
                    return place
        return None

    def release(self, place: int) -> None:
        """Give a place back; a place that is not held is ignored."""
        with self._mutex:
            if place in self._held:
                self._held.discard(place)
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def close(self) -> None:
        os.close(self._file)

    def _lock(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            return False
        return True

    def _begin_anew(self) -> None:
        """A forked child inherits the file but none of the locks."""
        self._held = set()
        self._mutex = Lock()


def _base(key: str) -> int:
    digest = blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> (64 - _DIGEST_BITS)) << _PLACE_BITS
