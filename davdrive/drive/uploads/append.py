"""Appending to an upload: a stream whose bytes count as they come, so that a broken line loses next to nothing."""

from collections.abc import Iterable, Iterator, Mapping

from davdrive.baton import resting
from davdrive.deadline import Deadline, unlimited
from davdrive.drive.backend import Backend
from davdrive.drive.put import verify
from davdrive.drive.uploads.add_part import PartOptions, judge_part
from davdrive.drive.uploads.find import UploadRef, hold
from davdrive.drive.uploads.kept import kept_or_discarded
from davdrive.drive.uploads.room import check_count, check_more
from davdrive.drive.uploads.state import Event, after
from davdrive.errors import Conflict, DriveError
from davdrive.metadata.caller import Caller
from davdrive.metadata.parts import Part, insert_part, part_was_stored
from davdrive.metadata.session import Session
from davdrive.metadata.uploads import Upload, receive
from davdrive.objects.content import StoredContent


class Intake:
    """A body in units. When it breaks off, what came before is a unit too, and `broken` says why."""

    def __init__(self, body: Iterable[bytes | memoryview], deadline: Deadline) -> None:
        self._body = iter(body)
        self._deadline = deadline
        self._rest = memoryview(b"")
        self.broken: Exception | None = None
        self.ended = False

    def unit(self, most: int) -> Iterator[memoryview]:
        """Up to `most` bytes of what is left. Each view is done with before the next is taken."""
        while most > 0 and self._fill():
            view, self._rest = self._rest[:most], self._rest[most:]
            most -= len(view)
            yield view

    def _fill(self) -> bool:
        while not self._rest and not self.ended:
            try:
                self._deadline.check()
                self._rest = memoryview(next(self._body))
            except StopIteration:
                self.ended = True
            except (DriveError, OSError) as error:
                self.broken, self.ended = error, True
        return bool(self._rest)


def append(
    backend: Backend,
    caller: Caller,
    ref: UploadRef,
    offset: int,
    body: Iterable[bytes | memoryview],
    *,
    checksums: Mapping[str, str],
    declared_size: int | None,
    deadline: Deadline,
) -> int:
    """Store `body` at `offset`, which must be where the upload ends; the new end.

    What came is stored even when the body breaks off, except under `checksums` (hex by algorithm), which need all of
    it. Errors: those of `add_part`; Conflict when the upload ends elsewhere; what `body` raises, afterwards.
    """
    foresee_append(backend, caller, ref, offset, declared_size)
    intake = Intake(body, deadline)
    unit = backend.limits.file_bytes if checksums else backend.limits.upload_unit_bytes
    while not intake.ended:
        # The intake keeps the deadline, the store does not: that a client has gone is no reason to lose what it sent.
        with resting():
            stored = backend.contents.write(
                intake.unit(unit), unlimited(), checksums.keys() - {"sha256"}, inline_bytes=0,
                size_hint=min(unit, declared_size or 0),
            )  # fmt: skip
        with kept_or_discarded(backend, stored):
            if checksums and intake.broken is not None:
                raise intake.broken
            verify(stored, checksums)
            if stored.size:
                offset = _name(backend, caller, ref, offset, stored)
    if intake.broken is not None:
        raise intake.broken
    return offset


def foresee_append(backend: Backend, caller: Caller, ref: UploadRef, offset: int, declared_size: int | None) -> Upload:
    """Look whether bytes could be appended at `offset` now. Errors: those of `append`."""

    def look(session: Session) -> Upload:
        drive, upload = judge_part(session, backend, caller, ref, offset, PartOptions())
        _check_offset(upload, offset)
        check_more(drive, upload, declared_size or 0, backend.limits)
        return upload

    return backend.database.read(look)


def _check_offset(upload: Upload, offset: int) -> None:
    if upload.received != offset:
        raise Conflict(f"the upload goes on at byte {upload.received}, not at {offset}")


def _name(backend: Backend, caller: Caller, ref: UploadRef, offset: int, stored: StoredContent) -> int:
    part = Part(offset, f"{offset}-{offset + stored.size - 1}", stored.size, stored.sha256)

    def work(session: Session) -> int:
        drive, upload = hold(session, caller, ref)
        after(upload.state, Event.PART)
        _check_offset(upload, offset)
        check_more(drive, upload, part.size, backend.limits)
        check_count(upload, backend.limits)
        insert_part(session, upload.id, part, stored.segments)
        receive(session, upload, part.size, 1)
        return offset + part.size

    def committed(session: Session) -> bool:
        return part_was_stored(session, ref.id, offset, stored.segments[0].key)

    return backend.database.write(work, None, committed)
