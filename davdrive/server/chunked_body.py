"""A body in chunks (RFC 9112 §7.1), with nothing left unread after its trailer section."""

import re

from davdrive.errors import BodyMismatch, TooLarge
from davdrive.server.body import BodyReader
from davdrive.server.head import TOKEN
from davdrive.server.inbox import Inbox

SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
TRAILER = re.compile(rb"(" + TOKEN + rb"++):[^\x00-\x08\x0a-\x1f\x7f]*+")
NEVER_TRAILERS = frozenset((b"content-length", b"transfer-encoding", b"host", b"authorization", b"connection"))
"""What says where a request ends, where it goes or whose it is, said too late (RFC 9110 §6.5.1)."""
LINE_BYTES = 1024
"""A chunk-size line with its extensions, or one trailer field; nobody sends longer ones."""
TRAILER_BYTES = 8 * 1024
"""The trailer section as a whole; it is read and dropped."""


class ChunkedBody(BodyReader):
    """Decodes chunks into the caller's buffer. `size_limit` is the largest body in bytes."""

    __slots__ = ("_left", "_room", "_started")

    def __init__(self, inbox: Inbox, size_limit: int, limit: int) -> None:
        super().__init__(inbox, None, limit)
        self._left = 0
        self._room = size_limit
        self._started = False

    def _readinto(self, view: memoryview) -> int:
        if self._left == 0:
            self._next_chunk()
            if self.exhausted:
                return 0
        count = self._inbox.readinto(view[: self._left] if len(view) > self._left else view)
        if count == 0:
            raise self._cut()
        self._left -= count
        return count

    def _next_chunk(self) -> None:
        if self._started and self._line() != b"":
            raise self.broken("a chunk of the body is longer than its size says")
        self._started = True
        size = SIZE.fullmatch(self._line())
        if size is None:
            raise self.broken("a chunk of the body has a malformed size")
        self._left = int(size[1], 16)
        self._room -= self._left
        if self._room < 0:
            self.broken("the body was larger than the server takes")
            raise TooLarge("the body is larger than the server takes; send it in smaller parts")
        if self._left == 0:
            self._skip_trailers()

    def _skip_trailers(self) -> None:
        room = TRAILER_BYTES
        while line := self._line():
            room -= len(line)
            if room < 0:
                raise self.broken("the trailer section of the body is too long")
            field = TRAILER.fullmatch(line)
            if field is None or field[1].lower() in NEVER_TRAILERS:
                raise self.broken("the trailer section of the body has a line that has no place there")
        self.exhausted = True

    def _line(self) -> bytes:
        """One line without its CRLF; waits for it."""
        inbox = self._inbox
        while (at := inbox.buffer.find(b"\n")) < 0:
            if len(inbox.buffer) > LINE_BYTES:
                raise self.broken("a chunk-size line of the body is too long")
            if not inbox.more():
                raise self._cut()
        line = inbox.buffer[:at]
        inbox.buffer = inbox.buffer[at + 1 :]
        if line[-1:] != b"\r" or len(line) > LINE_BYTES:
            raise self.broken("a chunk-size line of the body is malformed")
        return line[:-1]

    def _cut(self) -> Exception:
        return self.broken("the connection ended before the last chunk of the body; send it again")

    def swallow(self, most: int) -> None:
        """Read away an unread rest of at most `most` bytes, if it is here already. Never waits."""
        inbox = self._inbox
        if self._broken or inbox.before_reading is not None:
            return
        while len(inbox.buffer) < most and inbox.more_now():
            pass
        inbox.before_reading = _do_not_wait
        scratch = bytearray(most)
        try:
            while not self.exhausted and most > 0:
                most -= self.readinto(scratch)
        except (WouldWait, BodyMismatch, TooLarge):
            self.broken("the rest of the body was not read")
        inbox.before_reading = None


class WouldWait(Exception):
    """The bytes are not here yet, and nobody wants to wait for them."""


def _do_not_wait() -> None:
    raise WouldWait
