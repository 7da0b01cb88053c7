"""Telling somebody what a store does: for metrics, logs and traces."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from davdrive.deadline import Deadline
from davdrive.objects.base import Blocks, ObjectInfo, ObjectStore, ObjectWriter
from davdrive.objects.decorators.forward import ForwardingStore, ForwardingWriter
from davdrive.observe.tracing import span


@dataclass(frozen=True, slots=True)
class Observation:
    """One call: `operation` is finish, read, delete, list or check; `seconds` were spent in the store (not in whoever
    reads from it); `size` bytes went in or out; `error` is the class name of what it raised, empty if it went well."""

    operation: str
    seconds: float
    size: int
    error: str


Observer = Callable[[Observation], None]


class _Meter:
    """Adds up the seconds and bytes of one call."""

    def __init__(self, observe: Observer, operation: str, clock: Callable[[], float]) -> None:
        self.size = 0
        self._observe = observe
        self._operation = operation
        self._clock = clock
        self._seconds = 0.0
        self._error = ""

    @contextmanager
    def running(self) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        except Exception as error:
            self._error = type(error).__name__
            raise
        finally:
            self._seconds += self._clock() - began

    def report(self) -> None:
        self._observe(Observation(self._operation, self._seconds, self.size, self._error))


class ObservedStore(ForwardingStore):
    """`inner`, with `observe` told of every call when it is over. `clock`: monotonic seconds."""

    def __init__(self, inner: ObjectStore, observe: Observer, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(inner)
        self._observe = observe
        self._clock = clock

    def _meter(self, operation: str) -> _Meter:
        return _Meter(self._observe, operation, self._clock)

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        return _ObservedWriter(self.inner.create(key, size_hint, deadline), self._meter("finish"))

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        return self._blocks(self.inner.read(key, offset, length, deadline), self._meter("read"))

    @staticmethod
    def _blocks(source: Blocks, meter: _Meter) -> Blocks:
        try:
            while True:
                with meter.running():
                    block = next(source, None)
                if block is None:
                    return
                meter.size += len(block)
                yield block
        finally:
            source.close()
            meter.report()

    def delete(self, key: str) -> None:
        meter = self._meter("delete")
        try:
            with span("object delete"), meter.running():
                super().delete(key)
        finally:
            meter.report()

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        meter = self._meter("list")
        found = self.inner.list(prefix, after)
        try:
            while True:
                with meter.running():
                    info = next(found, None)
                if info is None:
                    return
                yield info
        finally:
            meter.report()

    def check(self) -> None:
        meter = self._meter("check")
        try:
            with meter.running():
                super().check()
        finally:
            meter.report()


class _ObservedWriter(ForwardingWriter):
    def __init__(self, inner: ObjectWriter, meter: _Meter) -> None:
        super().__init__(inner)
        self._meter = meter

    def finish(self) -> None:
        self._meter.size = self.size
        try:
            with span("object finish", bytes=self.size), self._meter.running():
                super().finish()
        finally:
            self._meter.report()
