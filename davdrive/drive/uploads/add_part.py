"""Storing a part: durable first, then named in one transaction. A part that comes again takes the old one's place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.places import require_editor
from davdrive.drive.put import verify
from davdrive.drive.uploads.find import UploadRef, hold, look_up
from davdrive.drive.uploads.kept import kept_or_discarded
from davdrive.drive.uploads.room import check_count, check_more, check_total, is_full
from davdrive.drive.uploads.state import Event, after
from davdrive.metadata.caller import Caller
from davdrive.metadata.parts import Part, ask_part, drop_part, find_part, insert_part, part_was_stored
from davdrive.metadata.session import Session
from davdrive.metadata.uploads import Held, Upload, receive
from davdrive.objects.content import StoredContent

PART_GRACE_S = 3600
"""How long the objects of a part that was replaced or dropped stay: a checksum may be reading them."""


@dataclass(frozen=True, slots=True)
class PartOptions:
    """What a client says of a part. `declared_size`: of the part, `total`: of the whole file, in bytes, if it said;
    `checksums`: hex digests by algorithm that the part must have."""

    declared_size: int | None = None
    total: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """A part that is durable. `created` is False where it took the place of another."""

    created: bool
    part: Part


def add_part(
    backend: Backend,
    caller: Caller,
    ref: UploadRef,
    number: int,
    name: str,
    body: Iterable[bytes | memoryview],
    options: PartOptions,
    deadline: Deadline,
) -> Stored:
    """Store the bytes of `body` as the part `number`, which the client calls `name`.

    Errors: NotFound, Gone, Conflict, Forbidden, TooLarge, QuotaExceeded, ChecksumMismatch; what `body` raises;
    StorageFull; Unavailable; Cancelled.
    """
    upload = backend.database.read(lambda session: judge_part(session, backend, caller, ref, number, options)).upload
    wanted = options.checksums.keys() - {"sha256"}
    with resting():
        stored = backend.contents.write(body, deadline, wanted, inline_bytes=0, size_hint=options.declared_size or 0)
    with kept_or_discarded(backend, stored):
        verify(stored, options.checksums)
        part = Part(number, name, stored.size, stored.sha256)
        return _name(backend, caller, ref, upload, part, stored, deadline)


def judge_part(
    session: Session, backend: Backend, caller: Caller, ref: UploadRef, number: int, options: PartOptions
) -> Held:
    """Look whether a part could be stored now, before its body is asked for. Errors: those of `add_part`."""
    held = look_up(session, caller, ref)
    drive, upload = held
    require_editor(drive)
    after(upload.state, Event.PART)
    check_total(drive, upload, options.total if upload.total is None else upload.total, backend.limits)
    check_more(drive, upload, 0, backend.limits)
    if is_full(upload, backend.limits) and find_part(session, upload.id, number) is None:
        check_count(upload, backend.limits)
    return held


def _name(
    backend: Backend,
    caller: Caller,
    ref: UploadRef,
    seen: Upload,
    part: Part,
    stored: StoredContent,
    deadline: Deadline,
) -> Stored:
    def work(session: Session) -> Stored:
        drive, upload = hold(session, caller, ref, ask_part(seen.id, part.number))
        after(upload.state, Event.PART)
        old = find_part(session, upload.id, part.number)
        check_more(drive, upload, part.size - (old.size if old else 0), backend.limits)
        if old is None:
            check_count(upload, backend.limits)
        else:
            drop_part(session, upload.id, part.number, PART_GRACE_S * 1000)
        insert_part(session, upload.id, part, stored.segments)
        receive(session, upload, part.size - (old.size if old else 0), 0 if old else 1)
        return Stored(old is None, part)

    def committed(session: Session) -> bool:
        key = stored.segments[0].key if stored.segments else ""
        return part_was_stored(session, seen.id, part.number, key)

    return backend.database.write(work, deadline, committed)
