"""Threads that serve requests: few that work, more that may wait for slow clients, and a bounded queue before them."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from cheroot.server import HTTPServer
from cheroot.workers import threadpool
from cheroot.workers.threadpool import ThreadPool, WorkerThread

from davdrive.server.channel import Channel
from davdrive.server.limits import ServerLimits

SHUTDOWN: object = threadpool._SHUTDOWNREQUEST  # type: ignore[attr-defined]
"""What makes a cheroot worker end its loop."""


class WorkerPool(ThreadPool):
    """A thread that waits for its client is parked and another may take its place: stalled clients hold none.

    Of the parked, those beyond `waiting_threads` give way if their lines are slow; `threads` are always there to work.
    """

    def __init__(self, server: HTTPServer, limits: ServerLimits) -> None:
        self.server = server
        self.limits = limits
        self.min, self.max = limits.threads, limits.threads + limits.waiting_threads_most
        self._threads: list[WorkerThread] = []
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._idle: list[None] = []
        self._parked: dict[Channel, float] = {}
        self._size = 0
        self._lock = threading.Lock()
        self._stopping = False

    def start(self) -> None:
        """Start the working threads."""
        for _ in range(self.limits.threads):
            self._spawn()

    def _spawn(self) -> None:
        with self._lock:
            self._size += 1
        worker = WorkerThread(self.server)  # type: ignore[no-untyped-call]
        worker.name = f"davdrive-{worker.name}"
        worker.daemon = True
        self._threads.append(worker)
        worker.start()

    def put(self, obj: Any) -> None:
        """Queue a connection whose head is here; raises queue.Full at once when the queue is at its limit."""
        if self._queue.qsize() >= self.limits.queue_length:
            raise queue.Full
        self._queue.put(obj)

    def get(self) -> Any:
        """What a thread does next; threads beyond the working ones end here."""
        if self._size - len(self._parked) > self.limits.threads and self._retire():
            return SHUTDOWN
        self._idle.append(None)
        obj = self._queue.get()
        self._idle.pop()
        return obj

    def _retire(self) -> bool:
        with self._lock:
            if self._size - len(self._parked) <= self.limits.threads:
                return False
            self._size -= 1
        with contextlib.suppress(ValueError):
            self._threads.remove(threading.current_thread())  # type: ignore[arg-type]
        return True

    @property
    def idle(self) -> int:
        """Threads with nothing to do."""
        return len(self._idle)

    @property
    def parked(self) -> int:
        """Threads that wait for a slow client."""
        return len(self._parked)

    @property
    def size(self) -> int:
        """All threads."""
        return self._size

    @property
    def qsize(self) -> int:
        """Requests that wait for a thread."""
        return self._queue.qsize()

    def may_stick(self) -> bool:
        """May one more thread wait a moment for its connection's next request? Only if others are free."""
        return len(self._idle) > 0

    @contextlib.contextmanager
    def parking(self, channel: Channel) -> Iterator[None]:
        """Around a wait for a slow client."""
        self._parked[channel] = time.monotonic()
        try:
            if len(self._parked) > self.limits.waiting_threads:
                self.relieve()
            if not self._idle and self._size - len(self._parked) < self.limits.threads:
                self._spawn()
            yield
        finally:
            del self._parked[channel]

    def relieve(self) -> None:
        """Cut the slowest clients if too many are waited for."""
        over = len(self._parked) - self.limits.waiting_threads
        if over <= 0:
            return
        parked = [one for one in self._parked.copy().items() if not one[0].deadline.reason]
        slow = sorted(self._slow(parked), key=lambda one: one[0])[:over]
        if not slow and len(parked) > self.limits.waiting_threads_most:
            slow = [(0.0, min(parked, key=lambda one: one[1])[0])]
        for _, channel in slow:
            channel.deadline.cancel("the server was full and this client was the slowest")
            channel.abort()

    def _slow(self, parked: list[tuple[Channel, float]]) -> Iterator[tuple[float, Channel]]:
        """The clients whose lines are known to be slow, with their rates in bytes a second."""
        now = time.monotonic()
        for channel, since in parked:
            rate, waited_s = channel.rate(now - since)
            if waited_s >= self.limits.give_way_after_s and rate < self.limits.give_way_rate:
                yield rate, channel

    def stop(self, timeout: float | None = 5) -> None:
        """Ask every thread to end, and wait at most `timeout` seconds for all of them together."""
        ends = time.monotonic() + (timeout or 0)
        threads = [thread for thread in self._threads if thread is not threading.current_thread()]
        for _ in threads:
            self._queue.put(SHUTDOWN)
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        self._threads.clear()
