"""Streams at the rate of a bucket: a request's body on its way in, an answer on its way out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from davdrive.baton import resting
from davdrive.deadline import Deadline, unlimited


def pause(environ: dict[str, Any], seconds: float) -> None:
    """Wait, while this thread's place and its turn to compute go to others. Raises Cancelled."""
    if seconds <= 0:
        return
    deadline: Deadline = environ.get("davdrive.deadline") or unlimited()
    lent = getattr(environ["wsgi.input"], "waiting", nullcontext)
    with resting(), lent():
        deadline.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Meter:
    """`spend` takes a number of bytes from a bucket and pauses; `piece` bytes at most at a time."""

    spend: Callable[[int], None]
    piece: int

    def spend_all(self, count: int) -> None:
        """Take `count` bytes, piece by piece."""
        while count > 0:
            self.spend(min(count, self.piece))
            count -= self.piece


class SlowedInput:
    """A request's body at the rate of a bucket; everything else is the body's own."""

    def __init__(self, inner: Any, meter: Meter) -> None:
        self._inner = inner
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        count = int(self._inner.readinto(memoryview(buffer)[: self._meter.piece]))
        self._meter.spend(count)
        return count

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            whole: bytes = self._inner.read()
            self._meter.spend(len(whole))
            return whole
        return b"".join(self._pieces(size))

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size > 0:
            piece: bytes = self._inner.read(min(size, self._meter.piece))
            if not piece:
                return
            self._meter.spend(len(piece))
            yield piece
            size -= len(piece)


class Held:
    """An answer that gives its place among the transfers back when it is closed."""

    def __init__(self, inner: Iterable[bytes], done: Callable[[], None]) -> None:
        self._inner = inner
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._inner)

    def close(self) -> None:
        try:
            getattr(self._inner, "close", _nothing)()
        finally:
            self._done()


class SlowedAnswer:
    """An answer at the rate of a bucket, in pieces."""

    def __init__(self, held: Held, meter: Meter) -> None:
        self._held = held
        self._meter = meter

    def __iter__(self) -> Iterator[bytes]:
        for block in self._held:
            for start in range(0, len(block), self._meter.piece):
                piece = block[start : start + self._meter.piece]
                self._meter.spend(len(piece))
                yield piece

    def close(self) -> None:
        self._held.close()


def _nothing() -> None:
    """For answers without a close."""
