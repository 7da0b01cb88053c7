"""Reading: what lives at a path, its members, its bytes. No locks are taken; every answer is one snapshot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions
from davdrive.drive.glance import glance_at
from davdrive.drive.guard import check_conditions
from davdrive.drive.names import DrivePath
from davdrive.drive.places import find_place, path_keys
from davdrive.errors import Locked, NotAllowedHere, PreconditionFailed
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import Content, segments_between
from davdrive.metadata.drives import Drive, find_drive, visible_drives
from davdrive.metadata.members import pages
from davdrive.metadata.resources import Resource, locate, open_file
from davdrive.metadata.session import Session
from davdrive.objects.base import SegmentRef, Shown


@dataclass(frozen=True, slots=True)
class Found:
    """A resource in the state in which one read saw it."""

    drive: Drive
    resource: Resource


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file whose bytes can be read; they stay what they were when it was opened, whatever happens to the path."""

    drive: Drive
    resource: Resource
    content: Content


def stat(backend: Backend, caller: Caller, path: DrivePath) -> Found:
    """What lives at `path`. Errors: NotFound."""
    keys = path_keys(path)
    return Found(*backend.database.read(lambda session: locate(session, keys, caller)))


def open_resource(backend: Backend, caller: Caller, path: DrivePath) -> OpenFile | Found:
    """Open what lives at `path`, in one statement: a file with its content, or a collection. Errors: NotFound."""
    keys = path_keys(path)
    drive, resource, content = backend.database.read(lambda session: open_file(session, keys, caller))
    return Found(drive, resource) if content is None else OpenFile(drive, resource, content)


def open_content(backend: Backend, caller: Caller, path: DrivePath) -> OpenFile:
    """Open the file at `path`. Errors: NotFound, NotAllowedHere for a collection."""
    found = open_resource(backend, caller, path)
    if not isinstance(found, OpenFile):
        raise NotAllowedHere(f"{path} is a collection and has no content")
    return found


def check_state_lists(backend: Backend, caller: Caller, path: DrivePath, conditions: Conditions) -> None:
    """Judge the If header of a read. Errors: NotFound, PreconditionFailed."""

    def look(session: Session) -> None:
        glance, drive = glance_at(backend, session, caller, path, conditions)
        check_conditions(glance, find_place(glance, drive, path), Conditions(if_lists=conditions.if_lists), (drive,))

    try:
        backend.database.read(look)
    except Locked as error:
        # A lock stands in no reader's way; it is the header that does not hold (RFC 4918 §7, §10.4).
        raise PreconditionFailed("the state that the If header describes is not the present one") from error


def read_bytes(backend: Backend, content: Content, start: int, stop: int, deadline: Deadline) -> Iterable[bytes]:
    """The bytes from `start` up to but without `stop`, touching only the segments that hold them."""
    if content.inline is not None:
        return (content.inline[start:stop],)
    rows = backend.database.read(lambda session: segments_between(session, content.id, start, stop))
    first = rows[0][0] if rows else 0
    segments = [SegmentRef(key, offset, length) for _, key, offset, length in rows]
    return backend.contents.read(segments, start - first, stop - first, deadline)


def address_of(backend: Backend, found: OpenFile, media_type: str) -> str | None:
    """Where the store itself gives out the file's bytes for a short while: only a file that is one object and nothing
    else has such an address, in a store that has them. Errors: Unavailable, Damaged."""
    content = found.content
    if content.inline is not None or not backend.contents.store.remote:
        return None
    rows = backend.database.read(lambda session: segments_between(session, content.id, 0, content.size))
    if len(rows) != 1:
        return None
    _, key, offset, length = rows[0]
    if offset or length != content.size:
        return None
    return backend.contents.store.address(key, length, Shown(media_type, found.resource.name))


def list_members(backend: Backend, drive: Drive, collection: Resource) -> Iterator[list[Resource]]:
    """The members of a collection as of `drive.revision`, by name, in pages; no transaction stays open between."""
    return (page.members for page in pages(backend.database, drive.id, collection.node, drive.revision))


def drives_of(backend: Backend, caller: Caller) -> list[Drive]:
    """The drives that the caller may see, by name."""
    return backend.database.read(lambda session: visible_drives(session, caller))


def drive_of(backend: Backend, caller: Caller, path: DrivePath) -> Drive:
    """The drive of a path. Errors: NotFound."""
    return backend.database.read(lambda session: find_drive(session, path_keys(path).drive, caller))
