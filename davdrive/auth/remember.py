"""Credentials that were verified a moment ago, so that a request costs no password hash.

The memory holds keyed digests alone: neither a password nor anything from which one could be guessed elsewhere, since
the key is random and dies with the process.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, TypeVar

from davdrive.baton import resting

Who = TypeVar("Who")
_DIGEST_BYTES = 16


@dataclass(slots=True)
class _Entry(Generic[Who]):
    who: Who
    fingerprint: bytes
    ends: float


@dataclass(slots=True)
class _Verification(Generic[Who]):
    """One verification under way, and its result for those who wait for it."""

    done: threading.Event = field(default_factory=threading.Event)
    who: Who | None = None
    failed: bool = True


class Remembered(Generic[Who]):
    """A bounded memory of who was verified, for `seconds` from the verification on; thread-safe.

    At most `entries` are kept: the oldest makes room. `clock` is monotonic, in seconds.
    """

    def __init__(self, seconds: float, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._limit = entries
        self._clock = clock
        self._secret = os.urandom(32)
        self._entries: dict[bytes, _Entry[Who]] = {}
        self._under_way: dict[bytes, _Verification[Who]] = {}
        self._mutex = threading.Lock()

    def check(self, user: str, password: str, stored: str, verify: Callable[[], Who | None]) -> Who | None:
        """Return who the credentials belong to, asking `verify` only when that is not remembered; None if nobody.

        `stored` is what the verification depends on (the password hash, or all hashes of the user): when it changes,
        what was remembered no longer counts. Callers with equal credentials at the same time share one `verify`,
        failed ones included. Whatever `verify` raises goes to its caller; those who waited try for themselves.
        """
        key = self._digest(user, password)
        fingerprint = self._digest(stored)
        if (who := self._recall(key, fingerprint)) is not None:
            return who
        together = key + fingerprint
        while True:
            with self._mutex:
                verification = self._under_way.get(together)
                if verification is None:
                    mine = self._under_way[together] = _Verification()
                    break
            with resting():  # who verifies needs the baton to get done
                verification.done.wait()
            if not verification.failed:
                return verification.who
        return self._verify(together, mine, verify)

    def has(self, user: str, password: str) -> bool:
        """Whether the credentials were verified once and may be remembered still."""
        return self._digest(user, password) in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def _verify(self, together: bytes, mine: _Verification[Who], verify: Callable[[], Who | None]) -> Who | None:
        key, fingerprint = together[:_DIGEST_BYTES], together[_DIGEST_BYTES:]
        try:
            remembered = self._recall(key, fingerprint)
            mine.who = verify() if remembered is None else remembered
            mine.failed = False
            if mine.who is not None:
                self._keep(key, _Entry(mine.who, fingerprint, self._clock() + self._seconds))
            return mine.who
        finally:
            with self._mutex:
                del self._under_way[together]
            mine.done.set()

    def _recall(self, key: bytes, fingerprint: bytes) -> Who | None:
        with self._mutex:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.fingerprint == fingerprint and self._clock() < entry.ends:
                return entry.who
            del self._entries[key]
            return None

    def _keep(self, key: bytes, entry: _Entry[Who]) -> None:
        with self._mutex:
            self._entries.pop(key, None)
            self._entries[key] = entry
            while len(self._entries) > self._limit:
                del self._entries[next(iter(self._entries))]

    def _digest(self, *parts: str) -> bytes:
        digest = blake2b(key=self._secret, digest_size=_DIGEST_BYTES)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(4, "big"))
            digest.update(data)
        return digest.digest()
