"""`wsgi.input`: a request's body, never silently short.

A body that ends before it should raises `BodyMismatch` from whichever read meets the end; its framing decides, not the
connection. `readinto` fills the caller's buffer straight from the socket.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from davdrive.errors import BodyMismatch, TooLarge
from davdrive.server.inbox import Inbox

PIECE = 64 * 1024
"""What one read takes from the connection when the caller gave no buffer."""


class BodyReader:
    """The body of one request. `declared_size` is None for a chunked body; `exhausted` once its last byte was read."""

    __slots__ = ("_broken", "_inbox", "declared_size", "exhausted", "limit")

    def __init__(self, inbox: Inbox, declared_size: int | None, limit: int) -> None:
        self._inbox = inbox
        self._broken = ""
        self.declared_size = declared_size
        self.exhausted = declared_size == 0
        self.limit = limit

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill as much of `buffer` as one read brings, at least one byte; 0 only at the end of the body.

        Raises BodyMismatch (cut, malformed or too slow), TooLarge (chunked body over its limit), Cancelled.
        """
        if self.exhausted:
            return 0
        self.check_whole()
        view = memoryview(buffer)
        return self._readinto(view) if len(view) else 0

    def _readinto(self, view: memoryview) -> int:
        """What `readinto` does for this framing; empty bodies have nothing to give."""
        return 0

    def check_whole(self) -> None:
        """Raise BodyMismatch if an earlier read found the body cut or malformed."""
        if self._broken:
            raise BodyMismatch(self._broken)

    def broken(self, reason: str) -> BodyMismatch:
        """Remember that no later read may succeed; returns what to raise."""
        self._broken = reason
        return BodyMismatch(reason)

    def read(self, size: int | None = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end of the body; without a size the whole rest, if that is small."""
        if size is None or size < 0:
            return self._read_rest()
        return b"".join(self._pieces(size))

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size > 0:
            buffer = bytearray(min(size, PIECE))
            count = self.readinto(buffer)
            if not count:
                return
            yield bytes(buffer) if count == len(buffer) else bytes(memoryview(buffer)[:count])
            size -= count

    def _read_rest(self) -> bytes:
        rest = b"".join(self._pieces(self.limit + 1))
        if len(rest) > self.limit:
            raise TooLarge(f"the body is larger than the {self.limit} bytes that are read at once; send a smaller one")
        return rest

    def readline(self, size: int | None = -1) -> bytes:
        """One line, with its line feed (PEP 3333)."""
        room = self.limit if size is None or size < 0 else size
        line = bytearray()
        while len(line) < room:
            byte = self.read(1)
            line += byte
            if byte in (b"", b"\n"):
                break
        return bytes(line)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """All lines (PEP 3333); `hint` is ignored."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def swallow(self, most: int) -> None:
        """Read away an unread rest of at most `most` bytes, if it is here already. Never waits."""

    def waiting(self) -> AbstractContextManager[None]:
        """Around a wait that has nothing to do with this server's work: another thread may take this one's place."""
        channel = self._inbox.channel
        return channel.parking(channel)

    def close(self) -> None:
        """Nothing is held."""
