"""Trying again what failed because the store was away: each object alone, with back-off and full jitter."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from davdrive.deadline import Deadline
from davdrive.errors import Unavailable
from davdrive.objects.base import Blocks, ObjectInfo, ObjectStore, ObjectWriter
from davdrive.objects.decorators.forward import ForwardingStore, ForwardingWriter
from davdrive.objects.options import RetryOptions

CALL_TIMEOUT_S = 60.0
"""Bound of all tries of a call that no request waits for (delete, list, the mark)."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Retry:
    """How to try again. `sleep` waits under a deadline, `chance` gives numbers from 0 to 1, `notice` hears of every
    repetition: both seams are for tests, the third for metrics."""

    options: RetryOptions = field(default_factory=RetryOptions)
    sleep: Callable[[Deadline, float], None] = Deadline.sleep
    chance: Callable[[], float] = random.random
    notice: Callable[[str], None] = lambda operation: None

    def pause(self, operation: str, failed: int, deadline: Deadline, error: Unavailable) -> None:
        """Wait before the next try, after `failed` of them; raise `error` if there is none, Cancelled if it is over."""
        if failed >= self.options.tries:
            raise error
        longest = min(self.options.wait_max_s, self.options.wait_s * 2 ** (failed - 1))
        wait_s = longest * self.chance()
        if wait_s >= deadline.remaining_s():
            deadline.check()
            raise error
        self.notice(operation)
        self.sleep(deadline, wait_s)

    def call(self, operation: str, action: Callable[[], _Result], deadline: Deadline) -> _Result:
        """What `action` returns, tried until it is no longer Unavailable."""
        failed = 0
        while True:
            try:
                return action()
            except Unavailable as error:
                failed += 1
                self.pause(operation, failed, deadline, error)


class RetryingStore(ForwardingStore):
    """`inner`, patient. `check` is not repeated: a start should say at once what is wrong."""

    def __init__(self, inner: ObjectStore, retry: Retry | None = None) -> None:
        super().__init__(inner)
        self._retry = retry or Retry()

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        writer = self._retry.call("create", lambda: self.inner.create(key, size_hint, deadline), deadline)
        return _RetryingWriter(writer, self._retry, deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        # Called here for its checks of the arguments; it does nothing before the first block.
        return self._blocks(self.inner.read(key, offset, length, deadline), key, offset, offset + length, deadline)

    def _blocks(self, source: Blocks, key: str, at: int, stop: int, deadline: Deadline) -> Blocks:
        """Go on where the bytes ended. Every block that comes makes the tries count from the start."""
        failed = 0
        while True:
            try:
                for block in source:
                    failed = 0
                    at += len(block)
                    yield block
                return
            except Unavailable as error:
                failed += 1
                self._retry.pause("read", failed, deadline, error)
            finally:
                source.close()
            source = self.inner.read(key, at, stop - at, deadline)

    def delete(self, key: str) -> None:
        self._retry.call("delete", lambda: self.inner.delete(key), Deadline(CALL_TIMEOUT_S))

    def read_mark(self) -> bytes | None:
        return self._retry.call("read", self.inner.read_mark, Deadline(CALL_TIMEOUT_S))

    def write_mark(self, mark: bytes) -> None:
        self._retry.call("finish", lambda: self.inner.write_mark(mark), Deadline(CALL_TIMEOUT_S))

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Go on after the last key that came."""
        failed, deadline = 0, Deadline(None)
        while True:
            try:
                for info in self.inner.list(prefix, after):
                    after, failed = info.key, 0
                    yield info
                return
            except Unavailable as error:
                failed += 1
                self._retry.pause("list", failed, deadline, error)


class _RetryingWriter(ForwardingWriter):
    def __init__(self, inner: ObjectWriter, retry: Retry, deadline: Deadline) -> None:
        super().__init__(inner)
        self._retry = retry
        self._deadline = deadline

    def finish(self) -> None:
        self._retry.call("finish", self.inner.finish, self._deadline)
