"""Which worker takes a new connection: the emptiest, as far as a millisecond tells.

Every worker's selector wakes for a connection on the shared socket. One that has more connections than another looks
away for a moment; if the connection still waits then, it takes it. Without this the first to wake takes nearly all.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterable

from davdrive.server.accepting import AT_ONCE, Acceptor
from davdrive.server.board import Seat
from davdrive.server.connection import DriveConnection

DEFER_S = 0.001
"""How long a fuller worker looks away: some times what an idle one needs to accept."""


class Turns:
    """The listening socket in one worker's selector. `adopt` gets each connection that is accepted."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        sock: socket.socket,
        acceptor: Acceptor,
        adopt: Callable[[Iterable[DriveConnection]], None],
        seat: Seat | None,
    ) -> None:
        self._selector, self._sock, self._acceptor = selector, sock, acceptor
        self._adopt, self._seat = adopt, seat
        self._away_since = 0.0
        self._listening = True
        selector.register(sock, selectors.EVENT_READ, self)

    def timeout_s(self, most: float) -> float:
        """How long the selector may sleep."""
        return DEFER_S if self._away_since else most

    def arrived(self) -> None:
        """A connection waits: take it, or leave it to an emptier worker for a moment."""
        if self._seat is None:
            self._adopt(self._acceptor.accept(AT_ONCE))
        elif self._seat.others_are_emptier():
            self._selector.unregister(self._sock)
            self._away_since = time.monotonic()
        else:
            self._adopt(self._acceptor.accept(1))

    def look(self) -> None:
        """After each select: take what nobody else took."""
        if self._away_since and time.monotonic() - self._away_since >= DEFER_S:
            self._away_since = 0.0
            self._adopt(self._acceptor.accept(1))
            self._selector.register(self._sock, selectors.EVENT_READ, self)

    def end(self) -> None:
        """Take what the kernel has queued if nobody else will, then listen no more."""
        if not self._listening:
            return
        self._listening = False
        if not self._away_since:
            self._selector.unregister(self._sock)
        self._away_since = 0.0
        if self._seat is None:
            self._adopt(self._acceptor.accept(AT_ONCE))
        else:
            self._seat.leave()
        self._sock.close()
