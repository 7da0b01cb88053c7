"""A segment that waits to be sent: in memory while there is room for it, otherwise in a file without a name.

A store that takes whole objects (S3) needs a segment complete before it goes. Slow clients fill theirs slowly, so the
memory for all of them is one budget; a segment that finds it used up moves to a temporary file, which costs page cache
and no memory of ours. Neither the number of clients nor their slowness makes the process grow (P7).
"""

import io
import mmap
import os
import tempfile
import threading

from davdrive.deadline import Deadline
from davdrive.objects.base import Bytes
from davdrive.objects.os_errors import os_errors

BLOCK_BYTES = 1 << 20
"""Memory is taken from the system in such blocks and goes back to it at once. From the allocator it would not: large
buffers that grow and go in several threads leave it with twice as much as they ever held."""


class MemoryBudget:
    """At most `limit` bytes, given out and taken back. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Take `count` bytes if they are there."""
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def give_back(self, count: int) -> None:
        with self._lock:
            self._left += count


class Spool:
    """Bytes that can be appended, and read several times by `SpoolReader`. Close it."""

    def __init__(self, budget: MemoryBudget) -> None:
        self.size = 0
        self._budget = budget
        self._blocks: list[mmap.mmap] = []
        self._held = 0
        self._file: int | None = None

    def write(self, buffer: Bytes) -> None:
        """Append `buffer`. Errors: StorageFull, Unavailable (the temporary folder)."""
        if self._file is None and self._budget.take(len(buffer)):
            self._held += len(buffer)
            self._write_memory(buffer)
        else:
            with os_errors():
                self._write_file(buffer)
        self.size += len(buffer)

    def _write_memory(self, buffer: Bytes) -> None:
        at = self.size
        with memoryview(buffer) as view:
            while view:
                if at == len(self._blocks) * BLOCK_BYTES:
                    self._blocks.append(mmap.mmap(-1, BLOCK_BYTES))
                start = at % BLOCK_BYTES
                part = view[: BLOCK_BYTES - start]
                self._blocks[-1][start : start + len(part)] = part
                at += len(part)
                view = view[len(part) :]

    def _write_file(self, buffer: Bytes) -> None:
        if self._file is None:
            self._move_to_file()
        self._write_all(buffer)

    def _move_to_file(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as nameless:
            self._file = os.dup(nameless.fileno())
        for at in range(0, self.size, BLOCK_BYTES):
            self._write_all(self._read_memory(at, BLOCK_BYTES))
        self._forget_memory()

    def _write_all(self, buffer: Bytes) -> None:
        assert self._file is not None
        with memoryview(buffer) as view:
            at = 0
            while at < len(view):
                at += os.write(self._file, view[at:])

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at` on."""
        if self._file is None:
            return self._read_memory(at, count)
        with os_errors():
            return os.pread(self._file, count, at)

    def _read_memory(self, at: int, count: int) -> bytes:
        stop = min(at + count, self.size)
        pieces = []
        while at < stop:
            start = at % BLOCK_BYTES
            piece = self._blocks[at // BLOCK_BYTES][start : start + stop - at]
            pieces.append(piece)
            at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _forget_memory(self) -> None:
        blocks, self._blocks = self._blocks, []
        self._budget.give_back(self._held)
        self._held = 0
        for block in blocks:
            block.close()

    def close(self) -> None:
        """Free everything. May be called twice."""
        self._forget_memory()
        descriptor, self._file = self._file, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


class SpoolReader(io.RawIOBase):
    """A spool as a seekable file. Its reads raise Cancelled once `deadline` says so, which ends an upload half-way."""

    def __init__(self, spool: Spool, deadline: Deadline) -> None:
        super().__init__()
        self._spool = spool
        self._deadline = deadline
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._spool.size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        self._deadline.check()
        left = self._spool.size - self._at
        block = self._spool.read(self._at, left if size is None or size < 0 else min(size, left))
        self._at += len(block)
        return block
