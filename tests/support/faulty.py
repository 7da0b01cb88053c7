"""A store that fails on purpose: what the network and the disk do, at a moment of the test's choosing."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from davdrive.deadline import Deadline
from davdrive.errors import DriveError, StorageFull, Unavailable
from davdrive.objects.base import Blocks, Bytes, ObjectInfo, ObjectStore, ObjectWriter
from davdrive.objects.decorators.forward import ForwardingStore, ForwardingWriter


def away() -> DriveError:
    return Unavailable("the object store does not answer (on purpose)")


def full() -> DriveError:
    return StorageFull("the object store has no room left (on purpose)")


@dataclass
class FaultPlan:
    """Which calls fail: of create, write, finish, read, delete and list, the calls of each counted from 1.

    `fails(operation, count)` says whether a call fails, and `error` makes what it raises. `after` says that it fails
    only after it was done (a lost reply). `cut_after`: bytes that a failing read hands out before it fails.
    `stall`: an event that every listed operation waits for, at most until its deadline.
    """

    fails: Callable[[str, int], bool] = lambda operation, count: False
    error: Callable[[], DriveError] = away
    after: bool = False
    cut_after: int = 0
    stall: threading.Event | None = None
    stalled_operations: frozenset[str] = frozenset({"finish", "read"})
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, operation: str) -> bool:
        """Count a call and say whether it fails."""
        with self.lock:
            self.counts[operation] += 1
            return self.fails(operation, self.counts[operation])

    def wait(self, operation: str, deadline: Deadline) -> None:
        while self.stall is not None and operation in self.stalled_operations and not self.stall.wait(0.01):
            deadline.check()


def nth(operation: str, number: int, error: Callable[[], DriveError] = away, after: bool = False) -> FaultPlan:
    """Only the `number`-th call of `operation` fails."""
    return FaultPlan(lambda name, count: name == operation and count == number, error, after)


def one_in(every: int, *operations: str) -> FaultPlan:
    """Every `every`-th call that a thread makes of each of `operations` fails; so, whatever the other threads do, a
    retry succeeds."""
    mine = threading.local()

    def fails(name: str, _count: int) -> bool:
        counts: Counter[str] = mine.__dict__.setdefault("counts", Counter())
        counts[name] += 1
        return name in operations and counts[name] % every == 0

    return FaultPlan(fails)


def always(operation: str, error: Callable[[], DriveError] = away) -> FaultPlan:
    """Every call of `operation` fails."""
    return FaultPlan(lambda name, count: name == operation, error)


class FaultyStore(ForwardingStore):
    """`inner`, spoilt by `plan`."""

    def __init__(self, inner: ObjectStore, plan: FaultPlan) -> None:
        super().__init__(inner)
        self.plan = plan

    def _run(self, operation: str, deadline: Deadline, action: Callable[[], None]) -> None:
        self.plan.wait(operation, deadline)
        struck = self.plan.strikes(operation)
        if not struck or self.plan.after:
            action()
        if struck:
            raise self.plan.error()

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        self._run("create", deadline, lambda: None)
        return _FaultyWriter(self.inner.create(key, size_hint, deadline), self._run, deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        return self._blocks(self.inner.read(key, offset, length, deadline), deadline)

    def _blocks(self, source: Blocks, deadline: Deadline) -> Blocks:
        self.plan.wait("read", deadline)
        left = self.plan.cut_after if self.plan.strikes("read") else None
        try:
            for block in source:
                if left is not None and len(block) > left:
                    if left:
                        yield block[:left]
                    raise self.plan.error()
                left = None if left is None else left - len(block)
                yield block
        finally:
            source.close()

    def delete(self, key: str) -> None:
        self._run("delete", Deadline(None), lambda: self.inner.delete(key))

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        for info in self.inner.list(prefix, after):
            self._run("list", Deadline(None), lambda: None)
            yield info


class _FaultyWriter(ForwardingWriter):
    def __init__(
        self, inner: ObjectWriter, run: Callable[[str, Deadline, Callable[[], None]], None], deadline: Deadline
    ) -> None:
        super().__init__(inner)
        self._run = run
        self._deadline = deadline

    def write(self, buffer: Bytes) -> None:
        self._run("write", self._deadline, lambda: ForwardingWriter.write(self, buffer))

    def finish(self) -> None:
        self._run("finish", self._deadline, self.inner.finish)
