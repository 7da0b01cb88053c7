"""What a connection has received and nobody has used yet: first the head, then the body, then the next request."""

from collections.abc import Callable

from davdrive.baton import resting
from davdrive.server.channel import Channel
from davdrive.server.limits import ServerLimits

HEAD_PIECE = 64 * 1024
"""One read of a head; large enough that a small body comes along with it."""


class Inbox:
    """A buffer of received bytes before the channel. `before_reading` runs once, before a body is first waited for."""

    __slots__ = ("_seen", "before_reading", "buffer", "channel")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.buffer = b""
        self._seen = 0
        self.before_reading: Callable[[], None] | None = None

    def add(self, data: bytes) -> None:
        """Bytes that the selector or a waiting thread has read."""
        self.buffer = self.buffer + data if self.buffer else data

    def head_end(self) -> int:
        """The length of the complete head at the front, without its blank line; 0 while it is not complete.

        A head with bare line feeds counts as complete too, so that it is refused at once and not waited for.
        """
        buffer = self.buffer
        if buffer[:2] == b"\r\n":
            self.buffer = buffer = buffer[2:]
        at = buffer.find(b"\n\r\n", self._seen)
        if at < 0:
            at = buffer.find(b"\n\n", self._seen)
            if at < 0:
                self._seen = max(0, len(buffer) - 2)
                return 0
        self._seen = 0
        return at + 1

    def too_long(self, limits: ServerLimits) -> tuple[int, str]:
        """Status and message for a head over its limit: 414 while its first line is not complete, else 431."""
        line = self.buffer.find(b"\n")
        if line < 0 or line > limits.request_line_bytes:
            return 414, "The request line is too long."
        return 431, f"The request's header is larger than {limits.header_bytes} bytes."

    def take_head(self) -> bytes:
        """Remove the head and its blank line from the front; returns it up to and with the last header's line end."""
        end = self.head_end()
        head = self.buffer[:end]
        self.buffer = self.buffer[end + (2 if self.buffer[end : end + 1] == b"\r" else 1) :]
        return head

    def readinto(self, view: memoryview) -> int:
        """Fill `view` from the buffer, else from the channel; 0 at the end of the connection."""
        buffer = self.buffer
        if buffer:
            count = min(len(buffer), len(view))
            view[:count] = buffer[:count]
            self.buffer = buffer[count:]
        else:
            count = self._receive(view)
        self.channel.received += count
        return count

    def more(self) -> bool:
        """Wait for bytes and add them to the buffer; False at the end of the connection."""
        piece = bytearray(HEAD_PIECE)
        count = self._receive(memoryview(piece))
        self.add(bytes(memoryview(piece)[:count]))
        return count > 0

    def _receive(self, view: memoryview) -> int:
        if self.before_reading is not None:
            before, self.before_reading = self.before_reading, None
            before()
        try:
            with resting():
                return self.channel.recv_into(view)
        except OSError:
            return 0

    def more_now(self) -> bool:
        """Add what is here to the buffer without waiting; False if nothing is."""
        try:
            data = self.channel.recv_now(HEAD_PIECE)
        except OSError:
            return False
        if data:
            self.add(data)
        return bool(data)
