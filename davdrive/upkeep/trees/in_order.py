"""Work done by several threads, its results in the order in which it was given, never more than a few ahead."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from davdrive.deadline import Deadline

T = TypeVar("T")

AHEAD = 4
"""Pieces of work that wait for each thread: enough that none is idle, few enough for constant memory."""


class InOrder(Generic[T]):
    """Give work with `submit` or `after`; both yield results that are ready or have to be waited for.

    `deadline`: of the work; it is cancelled when the block is left by an exception, and what is under way ends soon.
    """

    def __init__(self, workers: int, deadline: Deadline) -> None:
        self.deadline = deadline
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="tree")
        self._most = workers * AHEAD
        self._given: deque[Future[T] | Callable[[], T | None]] = deque()

    def submit(self, work: Callable[[], T]) -> Iterator[T]:
        """Do `work` in a thread."""
        return self._give(self._pool.submit(work))

    def after(self, work: Callable[[], T | None]) -> Iterator[T]:
        """Do `work` in the thread that takes the results, when all that was given before is done."""
        return self._give(work)

    def _give(self, given: "Future[T] | Callable[[], T | None]") -> Iterator[T]:
        self._given.append(given)
        while len(self._given) > self._most:
            yield from self._next()

    def rest(self) -> Iterator[T]:
        """What is left."""
        while self._given:
            yield from self._next()

    def _next(self) -> Iterator[T]:
        given = self._given.popleft()
        result = given.result() if isinstance(given, Future) else given()
        if result is not None:
            yield result

    def __enter__(self) -> "InOrder[T]":
        return self

    def __exit__(self, *exception: object) -> None:
        if exception[0] is not None:
            self.deadline.cancel("the command was ended")
        self._pool.shutdown(wait=True, cancel_futures=True)
