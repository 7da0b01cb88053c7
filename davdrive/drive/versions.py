"""The versions of a path: of the file that lives there, and of files that gave their place to it.

Many programs save by writing another file and renaming it over the old one. For the person it is one document, so
its past is asked for by the path and not by the node.
"""

from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Glance, Place, find_place, path_keys
from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import find_drive
from davdrive.metadata.history import PastVersion, version_at, versions_at
from davdrive.metadata.session import Session

MOST_VERSIONS = 10_000
"""Versions of one path that a listing holds in memory; a file saved every minute for a week."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version. `id` names it for restoring; times in unix ms, `stored_ms` None when the audit trail no longer
    reaches back; `size` in bytes; `is_current`: what a GET of the path would answer with."""

    id: int
    content: int
    size: int
    etag: str
    media_type: str | None
    modified_ms: int
    author: str
    stored_ms: int | None
    is_current: bool


def list_versions(backend: Backend, caller: Caller, path: DrivePath) -> list[FileVersion]:
    """Every version of the file at `path`, the newest first; also when the file itself was deleted.

    Errors: NotFound when there never was a file (or history no longer reaches back), or its collection is gone.
    """

    def look(session: Session) -> list[FileVersion]:
        drive = find_drive(session, path_keys(path).drive, caller)
        place = find_place(Glance(session, caller, drive.time_ms), drive, path)
        rows = versions_at(session, drive.id, parent_of(place), place.name_key, MOST_VERSIONS) if place.keys else []
        if not rows:
            raise NotFound(f"there is and was no file at {path}, as far as history reaches back")
        return [_version(place, row) for row in rows]

    return backend.database.read(look)


def require_version(session: Session, place: Place, identity: int) -> PastVersion:
    """The version of a place with that id. Errors: NotFound."""
    found = version_at(session, place.drive.id, parent_of(place), place.name_key, identity) if place.keys else None
    if found is None:
        raise NotFound(f"{place.path} has no version {identity}; list its versions to see which there are")
    return found


def parent_of(place: Place) -> int:
    """The node of the collection that holds the place now. Errors: NotFound when it is gone or no collection."""
    if len(place.found) < len(place.keys) or not place.found[len(place.keys) - 1].is_collection:
        raise NotFound(f"the collection {place.path.parent} does not exist; restore it from the trash first")
    return place.found[len(place.keys) - 1].node


def _version(place: Place, row: PastVersion) -> FileVersion:
    current = row.until is None and place.resource is not None and place.resource.node == row.node
    return FileVersion(
        id=row.id,
        content=row.content,
        size=row.size,
        etag=row.etag,
        media_type=row.media_type,
        modified_ms=row.modified_ms,
        author=row.author,
        stored_ms=row.stored_ms,
        is_current=current,
    )
