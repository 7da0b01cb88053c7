"""Checksums of a content, all computed in one pass while it streams.

SHA-256 is always computed (the ETag and `check --read-data` rest on it); others only when a client asked for them.
"""

import hashlib
import zlib
from collections.abc import Callable, Collection
from typing import Protocol

from davdrive.errors import BadRequest
from davdrive.objects.base import Bytes


class _Hash(Protocol):
    def update(self, data: Bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Checksum:
    """A 32-bit checksum of zlib in the shape of a hash."""

    def __init__(self, function: Callable[[Bytes, int], int], start: int) -> None:
        self._function = function
        self._value = start

    def update(self, data: Bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _plain(name: str) -> Callable[[], _Hash]:
    return lambda: hashlib.new(name, usedforsecurity=False)


DIGESTS: dict[str, Callable[[], _Hash]] = {
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "sha1": _plain("sha1"),
    "md5": _plain("md5"),
    "adler32": lambda: _Checksum(zlib.adler32, 1),
    "crc32": lambda: _Checksum(zlib.crc32, 0),
}
"""What can be asked for, by lower-case name (OC-Checksum, RFC 9530, tus checksum extension)."""


class Digester:
    """SHA-256 and the digests in `names` of one stream. BadRequest for a name that is not in DIGESTS."""

    def __init__(self, names: Collection[str] = ()) -> None:
        unknown = sorted(set(names) - DIGESTS.keys())
        if unknown:
            raise BadRequest(f"{unknown[0][:32]!r} is no checksum that this drive computes; use {', '.join(DIGESTS)}")
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._others = {name: DIGESTS[name]() for name in set(names) - {"sha256"}}
        self._names = frozenset(names)

    def update(self, data: Bytes) -> None:
        self.size += len(data)
        self._sha256.update(data)
        for each in self._others.values():
            each.update(data)

    @property
    def sha256(self) -> bytes:
        return self._sha256.digest()

    def results(self) -> dict[str, bytes]:
        """The digests that were asked for, by name."""
        found = {name: each.digest() for name, each in self._others.items()}
        return found | {"sha256": self.sha256} if "sha256" in self._names else found
