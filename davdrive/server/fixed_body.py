"""A body with a Content-Length."""

from davdrive.server.body import BodyReader
from davdrive.server.inbox import Inbox


class FixedBody(BodyReader):
    """Reads exactly `declared_size` bytes."""

    __slots__ = ("_left",)

    def __init__(self, inbox: Inbox, declared_size: int, limit: int) -> None:
        super().__init__(inbox, declared_size, limit)
        self._left = declared_size

    def _readinto(self, view: memoryview) -> int:
        count = self._inbox.readinto(view[: self._left] if len(view) > self._left else view)
        if count == 0:
            raise self.broken(f"the body ended {self._left} bytes before its Content-Length; send it again")
        self._left -= count
        self.exhausted = self._left == 0
        return count

    def swallow(self, most: int) -> None:
        """Read away an unread rest of at most `most` bytes, if it is here already. Never waits."""
        inbox = self._inbox
        if self._broken or self._left > most or inbox.before_reading is not None:
            return
        while len(inbox.buffer) < self._left and inbox.more_now():
            pass
        if len(inbox.buffer) >= self._left:
            inbox.buffer = inbox.buffer[self._left :]
            self._left, self.exhausted = 0, True
