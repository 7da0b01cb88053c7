"""Beginning an upload: a row, and a look whether it has a chance."""

import secrets

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath, name_key
from davdrive.drive.places import require_editor
from davdrive.drive.uploads.find import UploadDetails, UploadRef, look_up, write_details, write_path
from davdrive.drive.uploads.room import check_total
from davdrive.errors import AlreadyExists, TooManyRequests
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import ask_drive, find_drive, hold_drive_named
from davdrive.metadata.session import Question, Session
from davdrive.metadata.tables import PENDING
from davdrive.metadata.uploads import (
    Upload,
    ask_named_upload,
    ask_uploads,
    count_uploads,
    find_named_upload,
    find_upload,
    insert_upload,
)

ID_BYTES = 16
"""Nobody guesses an id of this length."""


def begin(
    backend: Backend,
    caller: Caller,
    drive: str,
    *,
    name: str | None = None,
    path: DrivePath | None = None,
    total: int | None = None,
    details: UploadDetails | None = None,
    deadline: Deadline | None = None,
) -> Upload:
    """Begin an upload into a drive. `name`: how the client calls it; `path`: where it will go, if that is known;
    `total`: its size in bytes, if that is.

    Errors: NotFound, Forbidden, AlreadyExists for a pending one of that name, TooLarge, QuotaExceeded,
    TooManyRequests for too many at once.
    """
    identity = secrets.token_hex(ID_BYTES)
    where, what = write_path(path) if path else None, write_details(details) if details else None

    def ahead() -> list[Question]:
        named = [] if name is None else [ask_named_upload(caller, name_key(drive), name)]
        return [ask_drive(name_key(drive), caller), *named, ask_uploads(caller.name)]

    def work(session: Session) -> Upload:
        session.foresee(ahead)
        hold_drive_named(session, name_key(drive), caller)
        found = find_drive(session, name_key(drive), caller)
        require_editor(found)
        _check_new(session, backend, caller, drive, name)
        insert_upload(session, identity, found.id, caller.name, name=name, path=where, total=total, details=what)
        held = look_up(session, caller, UploadRef(drive, id=identity))
        check_total(held.drive, held.upload, total, backend.limits)
        return held.upload

    def committed(session: Session) -> bool:
        return find_upload(session, caller, identity) is not None

    return backend.database.write(work, deadline, committed)


def _check_new(session: Session, backend: Backend, caller: Caller, drive: str, name: str | None) -> None:
    if name is not None:
        held = find_named_upload(session, caller, name_key(drive), name)
        if held is not None and held.upload.state == PENDING:
            raise AlreadyExists(f"an upload {name} is there already; go on with it, or DELETE it first")
    if count_uploads(session, caller.name) >= backend.limits.uploads_per_user:
        raise TooManyRequests(
            f"you have {backend.limits.uploads_per_user} unfinished uploads; finish or drop some", retry_after_s=60
        )
