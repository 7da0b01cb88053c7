"""A bounded number of things at once, waited for no longer than is useful."""

import threading
import time

from davdrive.deadline import Deadline
from davdrive.errors import Unavailable

# How long a waiting thread may overlook that its request was called off.
_GLANCE_S = 0.1


class Slots:
    """`count` slots. Who waits longer than `wait_s` seconds for one is told to come again: a queue that long means that
    the store is slower than its users, and more waiting would only hold their threads."""

    def __init__(self, count: int, wait_s: float) -> None:
        self._semaphore = threading.BoundedSemaphore(count)
        self._wait_s = wait_s

    def take(self, deadline: Deadline) -> None:
        """Take a slot. Raises Cancelled, or Unavailable after `wait_s`."""
        until = time.monotonic() + self._wait_s
        while not self._semaphore.acquire(timeout=deadline.remaining_s(_GLANCE_S)):
            deadline.check()
            if time.monotonic() >= until:
                raise Unavailable("the object store is busy; come again in a moment")

    def try_take(self) -> bool:
        """Take a slot if one is free."""
        return self._semaphore.acquire(blocking=False)

    def release(self) -> None:
        self._semaphore.release()
