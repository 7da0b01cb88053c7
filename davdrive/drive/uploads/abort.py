"""Aborting an upload, or dropping one part of it."""

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.uploads.add_part import PART_GRACE_S
from davdrive.drive.uploads.find import UploadRef, hold, look_up
from davdrive.drive.uploads.state import Event, after, too_late
from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.parts import drop_part as forget_part
from davdrive.metadata.parts import drop_parts, find_part, part_object
from davdrive.metadata.session import Session
from davdrive.metadata.tables import ABORTED
from davdrive.metadata.uploads import Held, receive, set_state, uncharge


def abort(backend: Backend, caller: Caller, ref: UploadRef, deadline: Deadline | None = None) -> None:
    """Give an upload up; its bytes are free again. Errors: NotFound, Gone, Conflict for one that is complete."""

    def work(session: Session) -> bool:
        end(session, hold(session, caller, ref))
        return True

    def committed(session: Session) -> bool:
        return look_up(session, caller, ref).upload.state == ABORTED

    backend.database.write(work, deadline, committed)


def end(session: Session, held: Held) -> None:
    """Abort an upload whose drive's row is held. Errors: Gone, Conflict."""
    following = after(held.upload.state, Event.ABORT)
    if not set_state(session, held.upload, following, held.upload.path):
        raise too_late(held.upload.state, Event.ABORT)
    uncharge(session, held.upload)
    drop_parts(session, held.upload.id, PART_GRACE_S * 1000)


def drop_part(backend: Backend, caller: Caller, ref: UploadRef, number: int, deadline: Deadline | None = None) -> None:
    """Forget one part. Errors: NotFound, Gone, Conflict."""

    dropped: list[str | None] = []

    def work(session: Session) -> bool:
        _, upload = hold(session, caller, ref)
        after(upload.state, Event.PART)
        dropped[:] = [part_object(session, upload.id, number)]
        part = find_part(session, upload.id, number)
        if part is None:
            raise NotFound("the upload has no such part")
        forget_part(session, upload.id, number, PART_GRACE_S * 1000)
        receive(session, upload, -part.size, -1)
        return True

    def committed(session: Session) -> bool:
        upload = look_up(session, caller, ref).upload
        # Another part may have come since in its place, and must stay.
        return part_object(session, upload.id, number) not in dropped

    backend.database.write(work, deadline, committed)
