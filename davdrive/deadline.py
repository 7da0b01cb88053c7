"""A request's deadline and its cancelled state, passed down to transactions and object transfers."""

import threading
import time
from collections.abc import Callable

from davdrive.errors import Cancelled

_MAKING = threading.Lock()
"""Two sleepers of one deadline must wait for the same event."""


class Deadline:
    """Until when a piece of work may go on, and whether somebody has called it off.

    Thread-safe: the threads that work for one request share one Deadline. `clock` is a monotonic clock in seconds.
    """

    __slots__ = ("_cancelled", "_clock", "_ends", "_wakeup", "reason")

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = None if seconds is None else clock() + seconds
        self._cancelled = False
        self._wakeup: threading.Event | None = None  # made by the first sleeper: most requests never sleep
        self.reason = ""

    def cancel(self, reason: str) -> None:
        """Call the work off; the next `check` of any thread that works for it raises."""
        self.reason = self.reason or reason
        self._cancelled = True
        if self._wakeup is not None:
            self._wakeup.set()

    def remaining_s(self, at_most: float = float("inf")) -> float:
        """Seconds left, never more than `at_most` and never negative."""
        if self._cancelled:
            return 0.0
        if self._ends is None:
            return at_most
        return max(0.0, min(at_most, self._ends - self._clock()))

    def check(self) -> None:
        """Raise `Cancelled` if the work was called off or its time is over."""
        if self._cancelled:
            raise Cancelled(f"the request was given up: {self.reason}")
        if self._ends is not None and self._clock() >= self._ends:
            self.cancel("its time is over")
            raise Cancelled("the request took longer than its deadline; send it again")

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; raise `Cancelled` as soon as the work is called off or its time is over."""
        with _MAKING:
            wakeup = self._wakeup = self._wakeup or threading.Event()
        # Looked at after the event is there: `cancel` sets its flag before it looks for the event.
        wakeup.wait(self.remaining_s(seconds))
        self.check()


def unlimited() -> Deadline:
    """A deadline that never ends, for commands and tests."""
    return Deadline(None)
