"""A bounded number of transfers at once."""

from davdrive.deadline import Deadline
from davdrive.objects.base import Blocks, ObjectStore, ObjectWriter
from davdrive.objects.decorators.forward import ForwardingStore, ForwardingWriter
from davdrive.objects.options import LimitOptions
from davdrive.objects.slots import Slots


class LimitedStore(ForwardingStore):
    """`inner` with at most `limits.uploads` objects being finished and `limits.downloads` being read at a time.

    Who waits longer than `limits.wait_s` for a turn gets Unavailable. Uploads and downloads do not wait for each other:
    a download takes as long as its client likes.
    """

    def __init__(self, inner: ObjectStore, limits: LimitOptions | None = None) -> None:
        super().__init__(inner)
        limits = limits or LimitOptions()
        self._uploads = Slots(limits.uploads, limits.wait_s)
        self._downloads = Slots(limits.downloads, limits.wait_s)

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        return _LimitedWriter(self.inner.create(key, size_hint, deadline), self._uploads, deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        return self._blocks(self.inner.read(key, offset, length, deadline), deadline)

    def _blocks(self, source: Blocks, deadline: Deadline) -> Blocks:
        self._downloads.take(deadline)
        try:
            yield from source
        finally:
            source.close()
            self._downloads.release()


class _LimitedWriter(ForwardingWriter):
    def __init__(self, inner: ObjectWriter, slots: Slots, deadline: Deadline) -> None:
        super().__init__(inner)
        self._slots = slots
        self._deadline = deadline

    def finish(self) -> None:
        self._slots.take(self._deadline)
        try:
            self.inner.finish()
        finally:
            self._slots.release()
