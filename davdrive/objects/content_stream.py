"""A content, or a range of it, on its way out."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from davdrive.deadline import Deadline
from davdrive.errors import Damaged
from davdrive.objects.base import Blocks, ObjectStore, SegmentRef
from davdrive.objects.os_errors import os_errors
from davdrive.objects.read_ahead import Opened, ReadAhead


def pieces_of(segments: Sequence[SegmentRef], start: int, stop: int) -> list[SegmentRef]:
    """The parts of `segments` that hold the bytes from `start` up to, not including, `stop`.

    ValueError for a range that no content has; Damaged if the segments end before it does.
    """
    if not 0 <= start <= stop:
        raise ValueError("a range starts at 0 or later and stops no earlier than it starts")
    pieces, begin = [], 0
    for segment in segments:
        end = begin + segment.length
        if begin >= stop:
            break
        if end > start and segment.length:
            skip, cut = max(0, start - begin), max(0, end - stop)
            pieces.append(SegmentRef(segment.key, segment.offset + skip, segment.length - skip - cut))
        begin = end
    if sum(piece.length for piece in pieces) != stop - start:
        raise Damaged("a file has fewer bytes in its segments than its size says; run `davdrive check`")
    return pieces


class ContentStream(Iterator[bytes]):
    """The bytes of `pieces` in order, in blocks. Raises Damaged, Unavailable, Cancelled while it is read.

    Close it, or read it to the end. Memory: the block at hand and one more for each object opened ahead.
    """

    def __init__(
        self, store: ObjectStore, pieces: Sequence[SegmentRef], deadline: Deadline, ahead: ReadAhead | None = None
    ) -> None:
        self.size = sum(piece.length for piece in pieces)
        self._store = store
        self._pieces = pieces
        self._deadline = deadline
        self._ahead = ahead
        self._opened: deque[Opened] = deque()
        self._stream = self._blocks()

    def __next__(self) -> bytes:
        return next(self._stream)

    def __enter__(self) -> "ContentStream":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Free connections and descriptors. May be called twice."""
        self._stream.close()
        while self._opened:
            self._opened.popleft().close()

    def file_ranges(self) -> list[tuple[Path, int, int]] | None:
        """(file, offset, length) of every piece, for sendfile; None if one of them is in no local file.

        Damaged if a file is missing or too short. Open the files soon: a delete may come after the longest download.
        """
        if self._store.remote:
            return None
        ranges = []
        for piece in self._pieces:
            path = self._store.local_path(piece.key)
            if path is None:
                return None
            with os_errors():
                size = path.stat(follow_symlinks=False).st_size
            if size < piece.offset + piece.length:
                raise Damaged("an object is shorter than its rows say; run `davdrive check`")
            ranges.append((path, piece.offset, piece.length))
        return ranges

    def _blocks(self) -> Blocks:
        for at in range(len(self._pieces)):
            yield from self._piece(at)

    def _piece(self, at: int) -> Blocks:
        piece = self._pieces[at]
        source = self._opened.popleft().take() if self._opened else self._read(piece)
        left = piece.length
        try:
            for block in source:
                left -= len(block)
                if self._ahead is not None and left <= self._ahead.begin_at_bytes:
                    self._open_ahead(at + 1, self._ahead)
                yield block
        finally:
            source.close()

    def _open_ahead(self, first: int, ahead: ReadAhead) -> None:
        wanted = self._pieces[first + len(self._opened) : first + ahead.objects]
        for piece in wanted:
            opened = ahead.open(self._read(piece))
            if opened is None:
                return
            self._opened.append(opened)

    def _read(self, piece: SegmentRef) -> Blocks:
        return self._store.read(piece.key, piece.offset, piece.length, self._deadline)
