"""Upkeep of uploads: those that nothing comes for any more."""

from davdrive.drive.backend import Backend
from davdrive.drive.uploads.abort import end
from davdrive.drive.uploads.find import UploadRef, hold
from davdrive.errors import NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.session import Session
from davdrive.metadata.tables import PENDING
from davdrive.metadata.uploads import forget_ended, idle_uploads

BATCH = 100
"""Uploads that one look finds; each is dropped in a transaction of its own, so that nobody waits for long."""


def expire_uploads(backend: Backend, now_ms: int) -> int:
    """Abort the uploads that were idle for longer than the limit, and forget those that ended as long ago; how many
    were aborted. Their objects are doomed. `now_ms`: unix ms by the database's clock."""
    before_ms = now_ms - backend.limits.upload_idle_s * 1000
    expired, more = 0, True
    while more:
        idle = backend.database.read(lambda session: idle_uploads(session, before_ms, BATCH))
        dropped = sum(_expire(backend, identity, before_ms) for identity in idle)
        expired, more = expired + dropped, len(idle) == BATCH and dropped > 0
    backend.database.write(lambda session: forget_ended(session, before_ms))
    return expired


def _expire(backend: Backend, identity: str, before_ms: int) -> bool:
    """Abort it unless something came for it meanwhile."""

    def work(session: Session) -> bool:
        try:
            held = hold(session, SYSTEM, UploadRef("", id=identity))
        except NotFound:
            return False
        if held.upload.state != PENDING or held.upload.active_ms >= before_ms:
            return False
        end(session, held)
        return True

    return backend.database.write(work)
