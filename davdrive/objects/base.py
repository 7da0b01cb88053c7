"""The contract between davdrive and whatever keeps its bytes.

An object is an immutable sequence of bytes under a random key. Every store, and every decorator on one, passes
`tests/objects/test_store_conformance.py`. The words *must* and *should* below are what that suite asks.

- A store *must* be usable from many threads at once; a writer or a block iterator belongs to one thread at a time.
- Bytes *must* be durable when `ObjectWriter.finish` returns: they survive kill -9 and a power cut (P1, P6).
- An object *must* not be readable, nor listed, before `finish`; a writer that was aborted or forgotten leaves nothing
  but what `check` or the sweep of unreferenced objects removes.
- No memory *must* grow with the size of an object: local bytes go straight to the file, others into bounded buffers.
- Errors *must* be kinds of DriveError: `StorageFull` for no room, `Unavailable` when the store is away (coming again
  may help), `Damaged` for bytes that are missing or fewer than a row says, `Cancelled` when the deadline says so.
- A key that is not of the form of `keys.new_key` *must* be refused with ValueError, and never listed.
- A key *must* not be written twice by the callers; a store need not notice.
- A store has one mark, a few bytes that are no object: it *must* never be listed, and *must* be replaced as a whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from davdrive.deadline import Deadline
from davdrive.objects.keys import check_key

BLOCK_BYTES = 256 << 10
"""Bytes that a read hands out at a time: large enough that a call's cost vanishes, small enough for many readers."""

MARK = "davdrive-store"
"""The name of the mark, at the top of the store. It has not the form of a key: no davdrive ever listed such a name."""

MARK_BYTES = 4096
"""A mark is not larger: ours has a line."""

Bytes = bytes | bytearray | memoryview
Blocks = Generator[bytes, None, None]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as the store lists it: `size` in bytes, `modified_s` in unix seconds by the store's clock."""

    key: str
    size: int
    modified_s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What whoever fetches an object from the store itself is told of it: its media type, and the file's name."""

    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """`length` bytes of an object from `offset` on: one part of a content."""

    key: str
    offset: int
    length: int


class ObjectWriter(ABC):
    """One object on its way in. Ends with `finish` or `abort`; `abort` after either *must* do no harm."""

    key: str
    size: int
    """Bytes written so far."""

    @abstractmethod
    def write(self, buffer: Bytes) -> None:
        """Append `buffer` (contiguous bytes); it may be reused as soon as this returns. Errors: StorageFull,
        Unavailable."""

    @abstractmethod
    def finish(self) -> None:
        """Make the object durable and visible, having compared the bytes stored with `size`.

        After `Unavailable` it may be called again: it then either makes the object durable or raises; it *must* never
        report success for bytes that may be lost (a failed fsync is not repeated). It is not called after success.
        """

    @abstractmethod
    def abort(self) -> None:
        """Give up and free everything, also after a `finish` that failed halfway. Never raises a DriveError."""


class ObjectStore(ABC):
    """Where objects live."""

    remote: bool
    """Whether opening an object costs a journey over a network, so that opening the next one early is worth it."""

    @abstractmethod
    def create(self, key: str, size_hint: int, deadline: Deadline) -> ObjectWriter:
        """Begin an object under a new `key`. `size_hint`: bytes that will probably come (0: unknown). `deadline` holds
        for the writer's whole life."""

    @abstractmethod
    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        """Yield exactly `length` bytes from `offset`, in blocks of at most BLOCK_BYTES.

        Nothing happens before the first block is asked for. `Damaged` if the object is missing or ends early. Closing
        the iterator frees what it holds.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object for good; a missing one is fine."""

    @abstractmethod
    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix` and is greater than `after`, in ascending order of keys.

        In constant memory. Objects that come or go meanwhile may be missed or seen; names that are no keys *must* be
        left out.
        """

    @abstractmethod
    def local_path(self, key: str) -> Path | None:
        """The regular file that holds exactly the object's bytes, or None for a store without files. `Damaged` if it
        is missing. The file *must* stay readable through an open descriptor after a delete."""

    @abstractmethod
    def read_mark(self) -> bytes | None:
        """What `write_mark` wrote last, by whichever process; None in a store without a mark. Errors: Unavailable,
        Damaged."""

    @abstractmethod
    def write_mark(self, mark: bytes) -> None:
        """Make `mark` durable, instead of the one that is there. Errors: Unavailable, StorageFull."""

    def address(self, key: str, length: int, shown: Shown) -> str | None:
        """A URL by which anybody may fetch the object for a short while, if it has exactly `length` bytes; None for a
        store without such addresses or where its options do not want them. Errors: Unavailable, Damaged.

        What comes from there *must* be marked as a file to be kept, not shown: it lacks every other header of ours.
        """
        check_key(key)
        return None

    @abstractmethod
    def check(self) -> None:
        """Raise a DriveError that says in a sentence what is wrong if objects cannot be written, read and deleted."""

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Bytes that there is room for, or None where nobody can tell."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and descriptors. The store cannot be used afterwards."""


def check_range(offset: int, length: int) -> None:
    """ValueError for a range that no object can have."""
    if offset < 0 or length < 0:
        raise ValueError("a range begins at 0 or later and has no negative length")
