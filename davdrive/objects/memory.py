"""Objects in a dictionary, for tests. Durable for as long as the process is, and not a byte longer."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from davdrive.deadline import Deadline
from davdrive.errors import Damaged
from davdrive.objects.base import BLOCK_BYTES, Blocks, Bytes, ObjectInfo, ObjectStore, ObjectWriter, check_range
from davdrive.objects.keys import check_key


@dataclass(frozen=True, slots=True)
class _Stored:
    content: bytes
    modified_s: float


@dataclass
class MemoryStore(ObjectStore):
    """A store of `objects` by key. `clock` gives unix seconds."""

    clock: Callable[[], float] = time.time
    objects: dict[str, _Stored] = field(default_factory=dict)
    remote: bool = False
    mark: bytes | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        return _MemoryWriter(self, check_key(key), deadline)

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        check_range(offset, length)
        return self._blocks(check_key(key), offset, offset + length, deadline)

    def _blocks(self, key: str, start: int, stop: int, deadline: Deadline) -> Blocks:
        stored = self.objects.get(key)
        if stored is None or stop > len(stored.content):
            raise Damaged("stored bytes are missing from the object store")
        for at in range(start, stop, BLOCK_BYTES):
            deadline.check()
            yield stored.content[at : min(at + BLOCK_BYTES, stop)]

    def delete(self, key: str) -> None:
        with self._lock:
            self.objects.pop(check_key(key), None)

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        with self._lock:
            found = [(key, self.objects[key]) for key in sorted(self.objects) if key.startswith(prefix)]
        for key, kept in found:
            if key > after:
                yield ObjectInfo(key, len(kept.content), kept.modified_s)

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def read_mark(self) -> bytes | None:
        return self.mark

    def write_mark(self, mark: bytes) -> None:
        self.mark = mark

    def check(self) -> None:
        return None

    def free_bytes(self) -> int | None:
        return None

    def close(self) -> None:
        return None

    def keep(self, key: str, content: bytes) -> None:
        """Make `content` the object `key`."""
        with self._lock:
            self.objects[key] = _Stored(content, self.clock())


class _MemoryWriter(ObjectWriter):
    def __init__(self, store: MemoryStore, key: str, deadline: Deadline) -> None:
        self.key = key
        self.size = 0
        self._store = store
        self._deadline = deadline
        self._content = bytearray()

    def write(self, buffer: Bytes) -> None:
        self._content += buffer
        self.size = len(self._content)

    def finish(self) -> None:
        self._deadline.check()
        self._store.keep(self.key, bytes(self._content))

    def abort(self) -> None:
        self._content = bytearray()
