"""Finding uploads: by the name that a client chose, or by the id that the drive gave."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath, check_path, name_key
from davdrive.drive.places import require_editor
from davdrive.errors import Forbidden, NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import hold_drive_named
from davdrive.metadata.parts import Part, parts_page
from davdrive.metadata.session import Question, Session
from davdrive.metadata.uploads import (
    Held,
    Upload,
    ask_named_upload,
    ask_upload,
    find_named_upload,
    find_upload,
    hold_drive_of,
    named_uploads,
)

PAGE_PARTS = 1000
"""Parts in one statement of a listing."""
NO_SUCH_UPLOAD = "there is no such upload of yours; it may have expired"


@dataclass(frozen=True, slots=True)
class UploadRef:
    """Which upload is meant: `name` below a drive (Nextcloud), or else `id` (tus, the command line)."""

    drive: str
    name: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class UploadDetails:
    """What a client said when it began, for the file that is to be. Times in unix ms; `metadata` is kept as it came.
    `expected`: the ETag that the target must have when the upload completes, "" for a target that must be free."""

    media_type: str | None = None
    modified_ms: int | None = None
    created_ms: int | None = None
    metadata: str | None = None
    expected: str | None = None


def look_up(session: Session, caller: Caller, ref: UploadRef) -> Held:
    """The upload as it is now. Errors: NotFound, also for somebody else's."""
    if ref.name is not None:
        held = find_named_upload(session, caller, name_key(ref.drive), ref.name)
    else:
        held = find_upload(session, caller, ref.id)
    if held is None or not held.drive.role or (ref.drive and held.drive.name_key != name_key(ref.drive)):
        raise NotFound(NO_SUCH_UPLOAD)
    return held


def ask(caller: Caller, ref: UploadRef) -> Question:
    """The question of `look_up`."""
    if ref.name is not None:
        return ask_named_upload(caller, name_key(ref.drive), ref.name)
    return ask_upload(caller, ref.id)


def hold(session: Session, caller: Caller, ref: UploadRef, *ahead: Question) -> Held:
    """The upload with its drive's row held, for a transaction that changes it. `ahead`: what that will ask.

    Errors: NotFound, Forbidden.
    """
    session.foresee(lambda: [ask(caller, ref), *ahead])
    if not _held(session, caller, ref):
        raise NotFound(NO_SUCH_UPLOAD)
    held = look_up(session, caller, ref)
    require_editor(held.drive)
    return held


def _held(session: Session, caller: Caller, ref: UploadRef) -> bool:
    """Whether the drive's row is held now. A stranger's never is: who waits for it learns that it is there."""
    if ref.name is None:
        return hold_drive_of(session, ref.id, caller)
    try:
        hold_drive_named(session, name_key(ref.drive), caller)
    except NotFound:
        return False
    return True


def find(backend: Backend, caller: Caller, ref: UploadRef) -> Held:
    """The upload with its drive. Errors: NotFound."""
    return backend.database.read(lambda session: look_up(session, caller, ref))


def list_uploads(backend: Backend, caller: Caller, drive: str) -> list[Upload]:
    """The caller's unfinished uploads in a drive that have names."""
    return backend.database.read(lambda session: named_uploads(session, caller, name_key(drive)))


def list_parts(backend: Backend, upload: Upload) -> Iterator[Part]:
    """The parts of an upload in order, read a page at a time."""
    last = -1
    while True:
        start = last
        page = backend.database.read(lambda session, start=start: parts_page(session, upload.id, start, PAGE_PARTS))  # type: ignore[misc]
        yield from page
        if len(page) < PAGE_PARTS:
            return
        last = page[-1].number


def write_path(path: DrivePath) -> str:
    """A path as the table keeps it."""
    return json.dumps([path.drive, *path.names])


def path_of(upload: Upload) -> DrivePath:
    """Where the upload was said to go. Errors: Forbidden when nobody said."""
    if upload.path is None:
        raise Forbidden("nobody said where this upload goes")
    drive, *names = json.loads(upload.path)
    return check_path(drive, names)


def write_details(details: UploadDetails) -> str:
    """Details as the table keeps them."""
    return json.dumps(asdict(details))


def details_of(upload: Upload) -> UploadDetails:
    """What the client said when it began."""
    return UploadDetails(**json.loads(upload.details)) if upload.details else UploadDetails()
