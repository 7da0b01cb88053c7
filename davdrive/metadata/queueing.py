"""Work that queues up while some is being committed, and is then committed together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from davdrive.baton import resting
from davdrive.metadata.session import Session
from davdrive.observe.context import carried

T = TypeVar("T")
Work = Callable[[Session], T]


class Job(Generic[T]):
    """One piece of work on its way through the queue."""

    __slots__ = ("began", "error", "gate", "leads", "over", "result", "work")

    def __init__(self, work: Work[T]) -> None:
        # The leader runs it, but what it logs belongs to the request that brought it.
        self.work = carried(work)
        self.began = time.perf_counter()
        self.result: T | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.over = False  # committed or rolled back: what happens afterwards changes nothing for it
        self.gate = threading.Lock()
        self.gate.acquire()

    def attempt(self, session: Session) -> None:
        try:
            self.result = self.work(session)
        except BaseException as error:
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class GroupQueue:
    """The first thread to come leads: it runs everybody's work, commits once and wakes them; then the next in the
    queue leads. `commit` gives each job of a batch its result or its error, and says of each whether it is over; `most`
    bounds how many share a commit. `apart`: the leader has put its turn to compute down for as long as it leads
    (`davdrive.baton`).
    """

    def __init__(self, commit: Callable[[list[Job[Any]]], None], most: int, *, apart: bool) -> None:
        self._commit = commit
        self._most = most
        self._apart = apart
        self._mutex = threading.Lock()
        self._queue: deque[Job[Any]] = deque()
        self._busy = False

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._queue)

    def run(self, work: Work[T]) -> T:
        """What `work` returns once it is durable. Errors: what it raises; the driver's."""
        job = Job(work)
        with self._mutex:
            self._queue.append(job)
            leads, self._busy = not self._busy, True
        if leads and not self._apart:
            self._lead()
            return job.outcome()
        with resting():
            if not leads:
                # Whoever leads may have handed over by now, so `job.leads` means nothing before the gate was passed.
                job.gate.acquire()
                leads = job.leads
            if leads and self._apart:
                self._lead()
                leads = False
        if leads:
            self._lead()
        return job.outcome()

    def _lead(self) -> None:
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            self._commit(batch)
        except BaseException as error:
            for job in batch:
                if not job.over:
                    job.error = job.error or error
        finally:
            self._hand_over()
            for job in batch:
                job.gate.release()

    def _hand_over(self) -> None:
        with self._mutex:
            if not self._queue:
                self._busy = False
                return
            following = self._queue[0]
            following.leads = True
            following.gate.release()
