"""Token buckets that the worker processes of one machine share: a small table in a mapped file.

A bucket lives in one of the few slots that its key's digest points to; when all are taken, the one that was used
longest ago makes room, which at worst gives a client a full bucket early. Between processes each group of slots is
guarded by a lock on one byte of the file, which the kernel frees when a process dies. The state is safe to lose.
"""

import fcntl
import math
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from davdrive.auth.buckets import Level, Rate, spend, take

_SLOT = struct.Struct("=16sdd")
_EMPTY = bytes(16)
_GROUP_SLOTS = 8
# A time that lies further ahead was written before a reboot; a process that waited for the lock lags by less.
_OVERTAKEN_S = 10.0
_GROUP_BYTES = _GROUP_SLOTS * _SLOT.size
Change = Callable[[Level | None, Rate, float, float], tuple[Level, float]]


class SharedBuckets:
    """Buckets in the file at `path`, made when missing, with room for `slots` of 32 bytes; fork- and thread-safe.

    All processes must agree on `slots`.
    """

    def __init__(self, path: Path, slots: int) -> None:
        self._groups = max(1, slots // _GROUP_SLOTS)
        # One for all groups: the kernel takes two threads of a process that wait and hold for a deadlock.
        self._mutex = Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = self._groups * _GROUP_BYTES
        # Not a sparse file: writing to a mapped hole on a full disk would kill the process (SIGBUS).
        os.posix_fallocate(self._file, 0, size)
        self._table = mmap.mmap(self._file, size)
        # Held by another thread at the moment of a fork, it would stay locked in the child for ever.
        os.register_at_fork(after_in_child=self._renew_mutex)

    def take(self, key: str, rate: Rate, amount: float, now: float) -> float:
        """See `take`: 0.0 if `amount` was taken, otherwise the seconds to wait, and nothing was taken."""
        return self._change(take, key, rate, amount, now)

    def spend(self, key: str, rate: Rate, amount: float, now: float) -> float:
        """See `spend`: the seconds to pause; `amount` was taken."""
        return self._change(spend, key, rate, amount, now)

    def close(self) -> None:
        """Unmap the file; nothing may use the buckets afterwards."""
        self._table.close()
        os.close(self._file)

    def _change(self, change: Change, key: str, rate: Rate, amount: float, now: float) -> float:
        digest = blake2b(key.encode("utf-8", "replace"), digest_size=16).digest()
        group = int.from_bytes(digest[:8], "little") % self._groups
        with self._locked(group):
            offset, level = self._find(digest, group * _GROUP_BYTES, now)
            # Another process may have come later and gone first: time does not go back for a bucket.
            after, wait = change(level, rate, amount, now if level is None else max(now, level.at_s))
            _SLOT.pack_into(self._table, offset, digest, after.tokens, after.at_s)
        return wait

    def _find(self, digest: bytes, start: int, now: float) -> tuple[int, Level | None]:
        """The slot of a key and its level; or the slot to take over, and None."""
        oldest, oldest_at = start, math.inf
        for offset in range(start, start + _GROUP_BYTES, _SLOT.size):
            owner, tokens, at_s = _SLOT.unpack_from(self._table, offset)
            if owner == digest:
                return offset, Level(tokens, at_s) if math.isfinite(tokens) and at_s <= now + _OVERTAKEN_S else None
            used_at = -math.inf if owner == _EMPTY or at_s > now + _OVERTAKEN_S else at_s
            if used_at < oldest_at:
                oldest, oldest_at = offset, used_at
        return oldest, None

    @contextmanager
    def _locked(self, group: int) -> Iterator[None]:
        with self._mutex:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, group)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, group)

    def _renew_mutex(self) -> None:
        self._mutex = Lock()
