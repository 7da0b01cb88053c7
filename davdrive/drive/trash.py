"""The trash: what was deleted inside the retention. Nothing was moved anywhere; it is history that one can ask for."""

from collections.abc import Iterator
from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.places import path_keys
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import Drive, find_drive
from davdrive.metadata.history import Trashed, names_at, trash_page
from davdrive.metadata.session import Session
from davdrive.metadata.tables import COLLECTION

PAGE_ITEMS = 200
"""Items of one statement: few enough for a page of a browser."""

_NEWEST = (1 << 62, 0)


@dataclass(frozen=True, slots=True)
class TrashItem:
    """Something deleted. `id` names it for `restore`; `path` is where it was; `deleted_ms` (unix ms) and `deleted_by`
    are None when the audit trail no longer reaches back; `size` in bytes, None for a collection."""

    id: int
    path: DrivePath
    is_collection: bool
    size: int | None
    deleted_ms: int | None
    deleted_by: str | None


def list_trash(backend: Backend, caller: Caller, drive_name: str) -> Iterator[TrashItem]:
    """What was deleted from a drive, the latest first, read page by page. Errors: NotFound."""
    key, before = path_keys(DrivePath(drive_name)).drive, _NEWEST
    while True:

        def look(session: Session, before: tuple[int, int] = before) -> list[tuple[Trashed, TrashItem]]:
            drive = find_drive(session, key, caller)
            rows = trash_page(session, drive.id, before, PAGE_ITEMS)
            return [(row, _item(session, drive, row)) for row in rows]

        page = backend.database.read(look)
        yield from (item for _, item in page)
        if len(page) < PAGE_ITEMS:
            return
        before = (page[-1][0].until, page[-1][0].id)


def _item(session: Session, drive: Drive, row: Trashed) -> TrashItem:
    _, above = names_at(session, drive.id, row.parent, row.until - 1)
    path = DrivePath(drive.name, (*above, row.name))
    return TrashItem(row.id, path, row.kind == COLLECTION, row.size, row.deleted_ms, row.deleted_by)
