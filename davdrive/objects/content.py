"""Contents: byte sequences of any size, kept as segments in an object store or inline in a row.

A content is written in constant memory. Its SHA-256 is computed as it streams, the end of each segment (fsync or
upload) overlaps with the beginning of the next, and nothing of it is visible until a row names it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from davdrive.deadline import Deadline
from davdrive.errors import Damaged
from davdrive.objects.base import Bytes, ObjectStore, SegmentRef
from davdrive.objects.content_stream import ContentStream, pieces_of
from davdrive.objects.digests import Digester
from davdrive.objects.read_ahead import ReadAhead
from davdrive.objects.uploads import SLOT_WAIT_S, SegmentUpload, UploadPool, discard_objects

SEGMENT_BYTES = 16 << 20
"""Large enough that a request's fixed cost vanishes, small enough that several fit in memory."""

INLINE_BYTES = 64 << 10
"""At this size a row in the database is faster than a file, for reading and for writing."""

UPLOADS_IN_FLIGHT = 4
"""Segments that become durable at the same time in one process: enough to fill a disk's queue or a gigabit line."""

READS_AHEAD = 1
"""Segments of a remote store that are opened before the reader comes to them."""


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What became of a body: its `size` in bytes, its SHA-256, the `digests` that were asked for by lower-case name,
    and either its bytes `inline` (an empty body always) or the durable `segments` that hold them."""

    size: int
    sha256: bytes
    digests: dict[str, bytes]
    inline: bytes | None
    segments: tuple[SegmentRef, ...]


class ContentStore:
    """Contents in `store`. One for the process, made after any fork (it has threads); close it at the end.

    Memory: a writer holds at most `inline_bytes` of its body, a reader one block (and one for each of `reads_ahead`).
    Segments in memory are the store's matter: none with local files; with S3 those that S3Options.spool_bytes allows.
    `slot_wait_s`: how long a body may wait for one of the `uploads_in_flight` slots.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        inline_bytes: int = INLINE_BYTES,
        uploads_in_flight: int = UPLOADS_IN_FLIGHT,
        reads_ahead: int = READS_AHEAD,
        slot_wait_s: float = SLOT_WAIT_S,
    ) -> None:
        self.store = store
        self.segment_bytes = segment_bytes
        self.inline_bytes = inline_bytes
        self._uploads = UploadPool(uploads_in_flight, slot_wait_s)
        self._ahead = ReadAhead(reads_ahead) if store.remote and reads_ahead else None

    def write(
        self,
        chunks: Iterable[Bytes],
        deadline: Deadline,
        digests: Collection[str] = (),
        *,
        inline_bytes: int | None = None,
        size_hint: int = 0,
    ) -> StoredContent:
        """Store a body and return when every byte of it is durable.

        `chunks`: the body; each chunk is done with before the next is taken, so all may lie in one buffer. Whatever it
        raises goes up, after what was written is deleted. `digests`: names from `digests.DIGESTS`. `inline_bytes`:
        another limit than the store's; 0 makes segments of all but an empty body (parts of resumable uploads).
        `size_hint`: the declared length in bytes, 0 if unknown.
        Errors: StorageFull, Unavailable, Cancelled, BadRequest for an unknown digest.
        """
        digester = Digester(digests)
        upload = SegmentUpload(self.store, self._uploads, self.segment_bytes, deadline)
        try:
            inline = self._receive(chunks, digester, upload, self._inline_limit(inline_bytes), size_hint)
            segments = () if inline is not None else upload.finish()
            deadline.check()
        except BaseException:
            upload.abandon()
            raise
        return StoredContent(digester.size, digester.sha256, digester.results(), inline, segments)

    def _inline_limit(self, asked: int | None) -> int:
        return self.inline_bytes if asked is None else asked

    @staticmethod
    def _receive(
        chunks: Iterable[Bytes], digester: Digester, upload: SegmentUpload, limit: int, size_hint: int
    ) -> bytes | None:
        """Take in all of the body: its bytes if they are at most `limit`, None if they went into `upload`."""
        head = bytearray()
        for chunk in chunks:
            upload.deadline.check()
            with memoryview(chunk) as raw, raw.cast("B") as view:
                digester.update(view)
                if digester.size <= limit:
                    head += view
                    continue
                if head:
                    upload.write(head, max(size_hint - len(head), 0))
                    head = bytearray()
                upload.write(view, max(size_hint - digester.size, 0))
        return bytes(head) if digester.size <= limit else None

    def read(self, segments: Sequence[SegmentRef], start: int, stop: int, deadline: Deadline) -> ContentStream:
        """The bytes from `start` up to, not including, `stop` of the content that `segments` make up; only the segments
        that hold them are touched. Nothing is opened before the first block is asked for.

        ValueError for an impossible range; Damaged if the segments are too short.
        """
        return ContentStream(self.store, pieces_of(segments, start, stop), deadline, self._ahead)

    def verify(self, segments: Sequence[SegmentRef], size: int, sha256: bytes, deadline: Deadline) -> None:
        """Read all of a content and raise Damaged if it is not the bytes that were stored."""
        digester = Digester()
        with self.read(segments, 0, size, deadline) as stream:
            for block in stream:
                digester.update(block)
        if digester.sha256 != sha256:
            raise Damaged("stored bytes do not have the checksum that they were stored with")

    def discard(self, stored: StoredContent) -> None:
        """Delete the objects of a content that no row came to name. Best effort: the sweep removes what stays."""
        discard_objects(self.store, (segment.key for segment in stored.segments))

    def close(self) -> None:
        """Wait for what is under way and end the threads. The object store stays open: who opened it closes it."""
        self._uploads.close()
        if self._ahead is not None:
            self._ahead.close()

    def __enter__(self) -> "ContentStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
