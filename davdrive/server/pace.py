"""The least rate of a peer: judged over time spent waiting for it, never over the server's own work."""

from davdrive.errors import BodyMismatch


class TooSlow(BodyMismatch):
    """The peer sent or took fewer bytes a second than the limit asks for."""


class Pace:
    """Counts bytes and waiting seconds in one direction of one request.

    `rate` in bytes a second; `window_s` is the waiting time after which it is judged.
    """

    __slots__ = ("moved", "rate", "waited_s", "window_s")

    def __init__(self, rate: int, window_s: float) -> None:
        self.rate = rate
        self.window_s = window_s
        self.moved = 0
        self.waited_s = 0.0

    def patience_s(self) -> float:
        """How long to wait before judging."""
        return max(0.0, self.window_s - self.waited_s)

    def waited(self, seconds: float) -> None:
        """Count a wait that just ended; raises `TooSlow` at the end of a window with too few bytes."""
        self.waited_s += seconds
        if self.waited_s < self.window_s:
            return
        if self.moved < self.rate * self.waited_s:
            raise TooSlow(f"fewer than {self.rate} bytes a second moved; use a faster line or smaller pieces")
        self.moved, self.waited_s = 0, 0.0
