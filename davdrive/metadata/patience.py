"""Running a transaction again: the one place where what lost a race or a connection is tried once more."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.errors import Unavailable
from davdrive.metadata.direct_writer import Undecided
from davdrive.metadata.faults import Fault, drive_error, fault_of

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0
"""Between tries: doubled each time, with jitter, so that those who met once do not meet again."""

_TOO_BUSY = "the drive's metadata is away or too busy; try again in a few seconds"


class Patience:
    """How long to try. `tries` at most, and none begins `wait_s` after the first. `retried` hears of each, with
    "retry" (it lost a race) or "lost" (the connection broke)."""

    def __init__(
        self, driver_error: type[Exception], tries: int, wait_s: float, retried: Callable[[str], None]
    ) -> None:
        self._driver_error = driver_error
        self._tries = tries
        self._wait_s = wait_s
        self._retried = retried

    def run(
        self,
        once: Callable[[], T],
        deadline: Deadline | None = None,
        settle: Callable[[Undecided], bool] | None = None,
    ) -> T:
        """What `once` returns. `settle` finds out whether a commit whose answer was lost took place.

        Errors: what `once` or `settle` raises; StorageFull; Unavailable; Cancelled.
        """
        ends = time.monotonic() + self._wait_s
        for attempt in range(1, self._tries + 1):
            if deadline is not None:
                deadline.check()
            try:
                return once()
            except Undecided as undecided:
                if settle is not None and settle(undecided):
                    result: T = undecided.result
                    return result
                self._retried(Fault.LOST.name.lower())
            except self._driver_error as error:
                fault = fault_of(error)
                if fault not in (Fault.RETRY, Fault.LOST):
                    raise drive_error(error) or error from error
                if attempt == self._tries or time.monotonic() >= ends:
                    raise Unavailable(_TOO_BUSY) from error
                self._retried(fault.name.lower())
            self._pause(attempt, deadline)
        raise Unavailable(_TOO_BUSY)

    def _pause(self, attempt: int, deadline: Deadline | None) -> None:
        pause_s = random.uniform(0.5, 1.0) * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))
        with resting():
            if deadline is None:
                time.sleep(pause_s)
            else:
                deadline.sleep(pause_s)
