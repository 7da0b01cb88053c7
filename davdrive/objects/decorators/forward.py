"""A store and a writer that pass everything on; the decorators change what they must."""

from collections.abc import Iterator
from pathlib import Path

from davdrive.deadline import Deadline
from davdrive.objects.base import Blocks, Bytes, ObjectInfo, ObjectStore, ObjectWriter, Shown


class ForwardingStore(ObjectStore):
    """`inner`, unchanged."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.remote = inner.remote

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        return self.inner.create(key, size_hint, deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        return self.inner.read(key, offset, length, deadline)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        return self.inner.list(prefix, after)

    def local_path(self, key: str) -> Path | None:
        return self.inner.local_path(key)

    def read_mark(self) -> bytes | None:
        return self.inner.read_mark()

    def write_mark(self, mark: bytes) -> None:
        self.inner.write_mark(mark)

    def address(self, key: str, length: int, shown: Shown) -> str | None:
        return self.inner.address(key, length, shown)

    def check(self) -> None:
        self.inner.check()

    def free_bytes(self) -> int | None:
        return self.inner.free_bytes()

    def close(self) -> None:
        self.inner.close()


class ForwardingWriter(ObjectWriter):
    """`inner`, unchanged."""

    def __init__(self, inner: ObjectWriter) -> None:
        self.inner = inner
        self.key = inner.key
        self.size = inner.size

    def write(self, buffer: Bytes) -> None:
        self.inner.write(buffer)
        self.size = self.inner.size

    def finish(self) -> None:
        self.inner.finish()

    def abort(self) -> None:
        self.inner.abort()
