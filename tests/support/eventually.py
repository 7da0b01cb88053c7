"""Waiting for something to come true: by the clock and not by a count, since a busy machine is slow at everything."""

import time
from collections.abc import Callable

PATIENCE_S = 20.0
PAUSE_S = 0.01


def until(true: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Ask `true` again and again; AssertionError when it still is not after so many seconds."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(PAUSE_S)
