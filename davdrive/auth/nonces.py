"""Nonces for Digest (RFC 7616 §3.3), and the counts that were used with them (§3.4).

A nonce is signed, so that every process and node knows one of theirs without a table.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Protocol

_TIME_BYTES = 6
_RANDOM_BYTES = 9
_SIGNATURE_BYTES = 15
_WINDOW = 128
_CLOCKS_DIFFER_S = 60
_WINDOW_BITS = (1 << _WINDOW) - 1


class Nonces:
    """Makes and knows nonces. `secret` is shared by all nodes, `now` a wall clock in seconds."""

    def __init__(self, secret: bytes, lives_s: float, now: Callable[[], float]) -> None:
        self._key = blake2b(secret, person=b"davdrive nonces", digest_size=32).digest()
        self._lives_s = lives_s
        self._now = now

    def make(self) -> str:
        stamp = int(self._now()).to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)
        return urlsafe_b64encode(stamp + self._signature(stamp)).decode()

    def is_fresh(self, nonce: str) -> bool:
        """Whether one of our nodes made it, less than its life ago; clocks of nodes may differ by a minute."""
        try:
            raw = urlsafe_b64decode(nonce.encode("ascii"))
        except (NotBase64, ValueError):
            return False
        stamp, signature = raw[: _TIME_BYTES + _RANDOM_BYTES], raw[_TIME_BYTES + _RANDOM_BYTES :]
        if not hmac.compare_digest(signature, self._signature(stamp)):
            return False
        age = self._now() - int.from_bytes(stamp[:_TIME_BYTES], "big")
        return -_CLOCKS_DIFFER_S <= age <= self._lives_s

    def _signature(self, stamp: bytes) -> bytes:
        return blake2b(stamp, key=self._key, digest_size=_SIGNATURE_BYTES).digest()


class NonceCounts(Protocol):
    """Where the counts of nonces that were used are kept."""

    def use(self, nonce: str, count: int) -> bool:
        """Note that `count` was used with `nonce`; False if it had been, or can no longer be known."""
        ...


class MemoryNonceCounts:
    """The counts of this process: the last `nonces` used, a window of 128 counts each, since connections overtake.

    A nonce that was pushed out starts again at its next count, so `nonces` should exceed those used in a nonce's life.
    """

    def __init__(self, nonces: int) -> None:
        self._limit = nonces
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._mutex = Lock()

    def use(self, nonce: str, count: int) -> bool:
        with self._mutex:
            highest, window = self._seen.pop(nonce, (0, 0))
            fresh = True
            if count > highest:
                shift = count - highest
                window = 1 if shift >= _WINDOW else ((window << shift) | 1) & _WINDOW_BITS
                highest = count
            else:
                bit = 1 << min(highest - count, _WINDOW)
                fresh = count > 0 and bit <= _WINDOW_BITS and not window & bit
                window |= bit & _WINDOW_BITS
            self._seen[nonce] = highest, window
            if len(self._seen) > self._limit:
                self._seen.popitem(last=False)
            return fresh
