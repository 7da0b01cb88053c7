"""Opening the next objects of a download early, so that a remote store's latency is paid once and not per segment.

Only the first block is fetched ahead; the kernel's socket buffer does the rest. A stalled client therefore costs
connections, never segments of memory, and never a thread of the pool.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from davdrive.objects.base import Blocks
from davdrive.objects.slots import Slots
from davdrive.observe.context import carried

READ_AHEAD_THREADS = 4
"""Objects that are being opened ahead at one moment; who finds no thread free opens its own when it needs it."""

BEGIN_AT_BYTES = 4 << 20
"""Bytes left of an object when the next is opened: some tenths of a second at 100 Mbit/s, a round trip or two."""


class Opened:
    """Blocks whose first one is being fetched."""

    def __init__(self, blocks: Blocks, first: "Future[bytes | None]") -> None:
        self._blocks = blocks
        self._first = first

    def take(self) -> Blocks:
        """All of the blocks. Raises what fetching the first one raised."""
        if self._first.cancel():
            return self._blocks
        return self._joined()

    def _joined(self) -> Blocks:
        try:
            first = self._first.result()
            if first is not None:
                yield from chain((first,), self._blocks)
        finally:
            self._blocks.close()

    def close(self) -> None:
        """Give the blocks up, as soon as nobody is reading the first."""
        self._first.cancel()
        self._first.add_done_callback(lambda _: self._blocks.close())


class ReadAhead:
    """Opens up to `objects` ahead of each reader once `begin_at_bytes` are left of the object at hand."""

    def __init__(self, objects: int, begin_at_bytes: int = BEGIN_AT_BYTES, threads: int = READ_AHEAD_THREADS) -> None:
        self.objects = objects
        self.begin_at_bytes = begin_at_bytes
        self._slots = Slots(threads, 0)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")

    def open(self, blocks: Blocks) -> Opened | None:
        """Begin to fetch the first block; None when every thread is busy."""
        if not self._slots.try_take():
            return None
        future = self._threads.submit(carried(next), blocks, None)
        future.add_done_callback(lambda _: self._slots.release())
        return Opened(blocks, future)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
