"""Segments on their way into the store, several at once, in a pool that the whole process shares."""

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from davdrive.deadline import Deadline
from davdrive.errors import DriveError
from davdrive.objects.base import Bytes, ObjectStore, ObjectWriter, SegmentRef
from davdrive.objects.keys import new_key
from davdrive.objects.slots import Slots
from davdrive.observe.context import carried

SLOT_WAIT_S = 60.0
"""Waiting longer for a place in the pool means that the store takes bytes far slower than they come."""

SETTLE_S = 5.0
"""How long a given-up upload waits for segments in flight before it leaves their removal to the pool."""

_log = logging.getLogger(__name__)


class UploadPool:
    """Finishes at most `in_flight` segments at a time. A slot is held from hand-over to the end, so nothing queues."""

    def __init__(self, in_flight: int, slot_wait_s: float = SLOT_WAIT_S) -> None:
        self._slots = Slots(in_flight, slot_wait_s)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="upload")

    def finish(self, writer: ObjectWriter, deadline: Deadline) -> "Future[None]":
        """Finish `writer` in the pool, having waited for a slot. Raises Cancelled, Unavailable."""
        self._slots.take(deadline)
        try:
            future = self._threads.submit(carried(_finish), writer)
        except BaseException:
            self._slots.release()
            raise
        future.add_done_callback(lambda _: self._slots.release())
        return future

    def close(self) -> None:
        self._threads.shutdown(wait=True)


def _finish(writer: ObjectWriter) -> None:
    try:
        writer.finish()
    except BaseException:
        writer.abort()
        raise


class SegmentUpload:
    """One content becoming segments of `segment_bytes`: filled here, finished in `pool` while the next one fills."""

    def __init__(self, store: ObjectStore, pool: UploadPool, segment_bytes: int, deadline: Deadline) -> None:
        self.size = 0
        self._store = store
        self._pool = pool
        self._segment_bytes = segment_bytes
        self.deadline = deadline
        self._writer: ObjectWriter | None = None
        self._segments: list[SegmentRef] = []
        self._under_way: dict[str, Future[None]] = {}

    def write(self, buffer: Bytes, more: int = 0) -> None:
        """Append `buffer`; `more` bytes will probably come after it (a hint)."""
        view = memoryview(buffer)
        while view:
            writer = self._writer or self._begin(len(view) + more)
            part = view[: self._segment_bytes - writer.size]
            writer.write(part)
            self.size += len(part)
            view = view[len(part) :]
            if writer.size == self._segment_bytes:
                self._hand_over(writer)

    def _begin(self, expected: int) -> ObjectWriter:
        self._raise_failures(wait_for_all=False)
        self._writer = self._store.create(new_key(), min(expected, self._segment_bytes), self.deadline)
        return self._writer

    def _hand_over(self, writer: ObjectWriter) -> None:
        self._under_way[writer.key] = self._pool.finish(writer, self.deadline)
        self._segments.append(SegmentRef(writer.key, 0, writer.size))
        self._writer = None

    def _raise_failures(self, wait_for_all: bool) -> None:
        """Forget the segments that are durable; raise what went wrong with another."""
        for key, future in list(self._under_way.items()):
            if wait_for_all or future.done():
                self._result(future)
                del self._under_way[key]

    def _result(self, future: "Future[None]") -> None:
        while not wait([future], timeout=self.deadline.remaining_s(0.1)).done:
            self.deadline.check()
        future.result()

    def finish(self) -> tuple[SegmentRef, ...]:
        """The segments in order, every one of them durable. The last is finished by this thread itself."""
        writer = self._writer
        if writer is not None:
            writer.finish()
            self._segments.append(SegmentRef(writer.key, 0, writer.size))
            self._writer = None
        self._raise_failures(wait_for_all=True)
        return tuple(self._segments)

    def abandon(self) -> None:
        """Delete what was written; what is still under way is deleted as soon as it is done."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None
        settled = wait(self._under_way.values(), timeout=SETTLE_S).done
        for segment in self._segments:
            future = self._under_way.get(segment.key)
            if future is not None and future not in settled:
                future.add_done_callback(partial(self._discard_late, segment.key))
        discard_objects(self._store, self._settled_keys(settled))

    def _discard_late(self, key: str, _done: "Future[None]") -> None:
        discard_objects(self._store, [key])

    def _settled_keys(self, settled: "set[Future[None]]") -> list[str]:
        keys = (segment.key for segment in self._segments)
        return [key for key in keys if key not in self._under_way or self._under_way[key] in settled]


def discard_objects(store: ObjectStore, keys: Iterable[str]) -> None:
    """Delete objects that no row names, as far as the store lets us: the sweep removes what stays behind."""
    try:
        for key in keys:
            store.delete(key)
    except DriveError as error:
        _log.warning("objects that nobody names stay until the next sweep: %s", error)
