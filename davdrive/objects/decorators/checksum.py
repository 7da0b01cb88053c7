"""Reading back what was written, for a store that is suspected of not verifying checksums itself.

Costs a download an object. Stored bytes are verified later, and without cost to writers, by `check --read-data`.
"""

import hashlib
from contextlib import suppress

from davdrive.deadline import Deadline
from davdrive.errors import DriveError, Unavailable
from davdrive.objects.base import Bytes, ObjectStore, ObjectWriter
from davdrive.objects.decorators.forward import ForwardingStore, ForwardingWriter


class ReadBackStore(ForwardingStore):
    """`inner`, distrusted: `finish` succeeds only after the object was read and has the SHA-256 that was written."""

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        return _ReadBackWriter(self.inner, self.inner.create(key, size_hint, deadline), deadline)


class _ReadBackWriter(ForwardingWriter):
    def __init__(self, store: ObjectStore, inner: ObjectWriter, deadline: Deadline) -> None:
        super().__init__(inner)
        self._store = store
        self._deadline = deadline
        self._written = hashlib.sha256()
        self._stored = False
        self._confirmed = False

    def write(self, buffer: Bytes) -> None:
        super().write(buffer)
        self._written.update(buffer)

    def finish(self) -> None:
        # Tried again after a reading that failed, this reads again; what is stored is not sent twice.
        if not self._stored:
            super().finish()
            self._stored = True
        came_back = hashlib.sha256()
        for block in self._store.read(self.key, 0, self.size, self._deadline):
            came_back.update(block)
        if came_back.digest() != self._written.digest():
            raise Unavailable("the object store kept other bytes than it was given; send the body again")
        self._confirmed = True

    def abort(self) -> None:
        super().abort()
        if self._stored and not self._confirmed:
            self._stored = False
            with suppress(DriveError):
                self._store.delete(self.key)
