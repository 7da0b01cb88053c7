"""What a partial update stores anew, and what it keeps."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.metadata.contents import Content, segments_between
from davdrive.objects.base import SegmentRef
from davdrive.objects.content import StoredContent


@dataclass(frozen=True, slots=True)
class Splice:
    """The content after an update, `size` bytes of it: either `inline`, or the durable `pieces` from `start` up to
    `stop` with the old content's segments around them. `own` is what was stored for it and the body is not part of."""

    size: int
    inline: bytes | None = None
    sha256: bytes | None = None
    start: int = 0
    stop: int = 0
    pieces: Sequence[SegmentRef] = ()
    own: tuple[StoredContent, ...] = ()


def make_splice(backend: Backend, old: Content, body: StoredContent, offset: int, deadline: Deadline) -> Splice:
    """Put `body` over `old` from `offset` on (at most `old.size`). Errors: Damaged, StorageFull, Unavailable,
    Cancelled."""
    end = offset + body.size
    size = max(old.size, end)
    if old.inline is not None:
        head, tail = old.inline[:offset], old.inline[end:]
        if body.inline is not None and size <= backend.contents.inline_bytes:
            whole = head + body.inline + tail
            return Splice(size, whole, hashlib.sha256(whole).digest())
        return _around(backend, head, body, tail, size, 0, deadline)
    if body.inline is None:
        return Splice(size, start=offset, stop=end, pieces=body.segments)
    head, tail = _beside(backend, old, offset, end, deadline)
    return _around(backend, head, body, tail, size, offset - len(head), deadline)


def _around(
    backend: Backend, head: bytes, body: StoredContent, tail: bytes, size: int, start: int, deadline: Deadline
) -> Splice:
    """Pieces with `head` before and `tail` after the body: one object for all where the body is in memory."""

    def store(*blocks: bytes) -> StoredContent:
        return backend.contents.write(blocks, deadline, inline_bytes=0)

    stop = start + len(head) + body.size + len(tail)
    if body.inline is not None:
        stored = store(head, body.inline, tail)
        whole = stored.sha256 if stop - start == size else None
        return Splice(size, None, whole, start, stop, stored.segments, (stored,))
    before = store(head)
    try:
        behind = store(tail)
    except BaseException:
        backend.contents.discard(before)
        raise
    pieces = (*before.segments, *body.segments, *behind.segments)
    return Splice(size, None, None, start, stop, pieces, (before, behind))


def _beside(backend: Backend, old: Content, offset: int, end: int, deadline: Deadline) -> tuple[bytes, bytes]:
    """The pieces of the old content's segments right before `offset` and right behind `end`, where they are small."""
    most = backend.limits.patch_merge_bytes
    head = tail = b""
    if offset:
        start = backend.database.read(lambda session: segments_between(session, old.id, offset - 1, offset))[0][0]
        head = _read(backend, old, start, offset, deadline) if offset - start <= most else b""
    if end < old.size:
        at, _, _, length = backend.database.read(lambda session: segments_between(session, old.id, end, end + 1))[0]
        tail = _read(backend, old, end, at + length, deadline) if at + length - end <= most else b""
    return head, tail


def _read(backend: Backend, old: Content, start: int, stop: int, deadline: Deadline) -> bytes:
    rows = backend.database.read(lambda session: segments_between(session, old.id, start, stop))
    segments = [SegmentRef(key, offset, length) for _, key, offset, length in rows]
    with backend.contents.read(segments, start - rows[0][0], stop - rows[0][0], deadline) as stream:
        return b"".join(stream)
