"""P6: every content is whole, inline or in objects that exist with enough bytes; on request, each byte is read."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from davdrive.deadline import unlimited
from davdrive.drive.backend import Backend
from davdrive.errors import Damaged, Unavailable
from davdrive.metadata.auditing import (
    ContentRow,
    content_rows,
    contentless_versions,
    needed_objects,
    part_objects,
    segments_of,
    uses_of_content,
    uses_of_object,
)
from davdrive.metadata.contents import Content, find_content
from davdrive.metadata.session import Session
from davdrive.objects.base import ObjectInfo, SegmentRef
from davdrive.objects.digests import Digester
from davdrive.upkeep.checking.findings import Finding
from davdrive.upkeep.checking.reading import every
from davdrive.upkeep.checking.users import users_of

READERS = 4
"""Contents that are read at the same time: a disk gains nothing beyond, a remote store a little."""

READ_PAGE = 64
"""Contents handed to the readers at a time."""


def row_findings(backend: Backend) -> Iterator[Finding]:
    """Contents whose rows do not add up, and versions of another size than their content."""
    for page in every(backend.database, content_rows, 0, lambda row: row.id):
        for row in page:
            if not _is_whole(row):
                yield Finding(
                    "P6",
                    f"the rows of a content do not add up to its {row.size} bytes: "
                    + users_of(backend, uses_of_content, row.id),
                )
    for version, drive, node in backend.database.read(contentless_versions):
        yield Finding("P6", f"version {version} of a file (node {node} of drive {drive}) has no content")


def _is_whole(row: ContentRow) -> bool:
    if row.segments:
        return row.inline_bytes is None and row.segments_bytes == row.segments_end == row.size and not row.gaps
    return row.inline_bytes == row.size


def object_findings(backend: Backend) -> Iterator[Finding]:
    """Objects that are missing or too short: what rows need and what the store lists, side by side in key order."""
    listing = backend.contents.store.list()
    current = next(listing, None)
    for key, size in _rows(backend, needed_objects):
        while current is not None and current.key < key:
            current = next(listing, None)
        if not _holds(current, key, size) and not _is_there(backend, key, size):
            users = users_of(backend, uses_of_object, key)
            if users:
                yield Finding("P6", f"stored bytes are missing or too few: {users}")

    for key, size in _rows(backend, part_objects):
        if not _is_there(backend, key, size):
            yield Finding("P6", "an unfinished upload lacks bytes that were acknowledged; it has to begin again")


def _rows(backend: Backend, page: Callable[[Session, str], list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    return (row for rows in every(backend.database, page, "", lambda row: row[0]) for row in rows)


def _holds(listed: ObjectInfo | None, key: str, size: int) -> bool:
    return listed is not None and listed.key == key and listed.size >= size


def _is_there(backend: Backend, key: str, size: int) -> bool:
    """Ask for the last byte: a listing may be older than the object."""
    try:
        for _ in backend.contents.store.read(key, max(size - 1, 0), min(size, 1), unlimited()):
            pass
    except Damaged:
        return False
    except Unavailable:
        if backend.contents.store.remote:
            raise
        return False
    return True


def byte_findings(backend: Backend, done: Callable[[int], None]) -> Iterator[Finding]:
    """Contents whose bytes do not have the checksum that they were stored with. `done` hears of bytes read."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="check") as readers:
        for page in every(backend.database, content_rows, 0, lambda row: row.id):
            for at in range(0, len(page), READ_PAGE):
                some = page[at : at + READ_PAGE]
                for row, fault in zip(some, readers.map(lambda row: _fault(backend, row), some), strict=True):
                    done(row.size)
                    users = users_of(backend, uses_of_content, row.id) if fault else ""
                    if users:
                        yield Finding("P6", f"{fault}: {users}")


def _fault(backend: Backend, row: ContentRow) -> str:
    """What is wrong with the bytes of a content; empty if nothing is."""
    content = backend.database.read(lambda session: find_content(session, row.id))
    if content is None:
        return ""
    found = backend.database.read(lambda session: segments_of(session, row.id))
    digester = Digester()
    try:
        for block in _blocks(backend, content, [SegmentRef(*each) for each in found]):
            digester.update(block)
    except Damaged:
        return ""  # what is missing was told before, with less reading
    except Unavailable as error:
        if backend.contents.store.remote:
            raise
        return f"stored bytes cannot be read, perhaps the disk is failing ({error})"
    # A content that was put together from parts has no checksum until somebody asks for one.
    return "" if content.sha256 in (None, digester.sha256) else "stored bytes do not have their checksum"


def _blocks(backend: Backend, content: Content, segments: list[SegmentRef]) -> Iterable[bytes]:
    if content.inline is not None:
        return (content.inline,)
    return backend.contents.read(segments, 0, content.size, unlimited())
