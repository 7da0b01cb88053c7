"""Completing an upload: its parts become the segments of a content, in one transaction and without reading a byte.

Only a declared checksum makes the parts be read, before the transaction; the transaction then sees to it that they are
still the same parts.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import chain, islice

from davdrive.deadline import Deadline
from davdrive.drive.ahead import file_and_locks, place_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, AnyTag, Conditions, EntityTag
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Glance, path_keys
from davdrive.drive.put import PutOptions, Written, check_put, write_version
from davdrive.drive.uploads.find import UploadRef, ask, details_of, find, list_parts, look_up, path_of, write_path
from davdrive.drive.uploads.state import Event, after, too_late
from davdrive.drive.uploads.whole import (
    EMPTY_SHA256,
    Known,
    check_digests,
    check_order,
    check_size,
    read_digests,
)
from davdrive.errors import BodyMismatch, ChecksumMismatch, Conflict, Damaged, DriveError, PreconditionFailed
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import insert_content
from davdrive.metadata.drives import Drive, ask_drive, find_drive
from davdrive.metadata.parts import Part, become_content
from davdrive.metadata.session import Session
from davdrive.metadata.tables import COMPLETE
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.uploads import Held, Upload, set_state


class _Completed(DriveError):
    """Somebody else completed it meanwhile; there is nothing to change, and no revision to draw."""

    def __init__(self, upload: Upload) -> None:
        super().__init__("it is complete already")
        self.upload = upload


def complete(
    backend: Backend,
    caller: Caller,
    ref: UploadRef,
    target: DrivePath | None,
    options: PutOptions,
    conditions: Conditions = NO_CONDITIONS,
    *,
    overwrite: bool = True,
    deadline: Deadline | None = None,
) -> Written:
    """Make the upload's bytes the content of `target` (None: where it was said to go when it began).

    `options` count before what was said at the beginning. Whoever completes an upload to the same place again hears
    what the first heard. When anything fails, the upload stays as it was and may be completed later.
    Errors: NotFound, Gone, Conflict, BodyMismatch, ChecksumMismatch, and those of `check_put`.
    """
    deadline = deadline or Deadline()
    drive, upload = find(backend, caller, ref)
    target = target or path_of(upload)
    if upload.state == COMPLETE:
        return _as_before(upload, target)
    after(upload.state, Event.COMPLETE)
    check_size(upload, options.declared_size)
    options, conditions = _with_details(upload, options), _with_expected(upload, conditions)
    try:
        _foresee(backend, caller, ref, target, conditions)
        known = _known(backend, upload, options, deadline)
    except (BodyMismatch, ChecksumMismatch, Damaged, PreconditionFailed):
        # Perhaps because somebody completed it meanwhile: the parts went, and the file has another ETag.
        now = find(backend, caller, ref).upload
        if now.state == COMPLETE:
            return _as_before(now, target)
        _check_unchanged(now, upload)
        raise

    def work(transaction: Transaction) -> Written:
        held = look_up(transaction.session, caller, ref)
        if held.upload.state == COMPLETE:
            raise _Completed(held.upload)
        _check_unchanged(held.upload, upload)
        return _complete(transaction, backend, held, target, options, conditions, overwrite, known)

    other = None if drive.name_key == path_keys(target).drive else drive.name_key
    change = Change("put", caller, path_keys(target).drive, str(target), other_key=other, deadline=deadline)
    change.ahead = lambda: [ask(caller, ref), *file_and_locks(target, conditions)]
    try:
        return transact(backend.database, change, work)
    except _Completed as completed:
        return _as_before(completed.upload, target)


def _as_before(upload: Upload, target: DrivePath) -> Written:
    if upload.result is None or path_of(upload) != target:
        raise too_late(upload.state, Event.COMPLETE)
    return Written(**json.loads(upload.result))


def _with_details(upload: Upload, options: PutOptions) -> PutOptions:
    said = details_of(upload)
    return replace(
        options,
        media_type=options.media_type or said.media_type,
        modified_ms=said.modified_ms if options.modified_ms is None else options.modified_ms,
        created_ms=said.created_ms if options.created_ms is None else options.created_ms,
    )


def _with_expected(upload: Upload, conditions: Conditions) -> Conditions:
    expected = details_of(upload).expected
    if expected is None or conditions != NO_CONDITIONS:
        return conditions
    return Conditions(if_match=(EntityTag(expected),)) if expected else Conditions(if_none_match=AnyTag())


def _foresee(backend: Backend, caller: Caller, ref: UploadRef, target: DrivePath, conditions: Conditions) -> None:
    """Look whether the file could be written now, before its parts are read for nothing."""

    def look(session: Session) -> None:
        key = path_keys(target).drive
        if backend.database.familiar.has((key,), caller):
            session.foresee(lambda: [ask_drive(key, caller), *place_and_locks(target, conditions)])
        held, drive = look_up(session, caller, ref), find_drive(session, key, caller)
        _make_room(drive, held)
        glance = Glance(session, caller, drive.time_ms)
        check_put(glance, drive, backend, target, held.upload.received, conditions)

    backend.database.read(look)


def _known(backend: Backend, upload: Upload, options: PutOptions, deadline: Deadline) -> Known:
    """The digests of the whole, read only where a client declared one that no part has."""
    parts: Iterable[Part] = list_parts(backend, upload)
    first = list(islice(parts, 1)) if upload.parts == 1 else []
    check_order(chain(first, parts))
    known = Known()
    if upload.received == 0:
        known = Known(EMPTY_SHA256)
    elif first:
        known = Known(first[0].sha256)
    wanted = options.digests | options.checksums.keys()
    if wanted - known.all.keys():
        known = read_digests(backend, upload, wanted, deadline)
    check_digests(known, options.checksums)
    return known


def _check_unchanged(now: Upload, seen: Upload) -> None:
    after(now.state, Event.COMPLETE)
    if now.changes != seen.changes or now.id != seen.id:
        raise Conflict("parts came while the upload was being completed; complete it again when all are there")


def _make_room(drive: Drive, held: Held) -> None:
    """What the parts take is what the version will: it must not count twice."""
    if drive.id == held.drive.id:
        drive.used_bytes -= held.upload.received


def _complete(
    transaction: Transaction,
    backend: Backend,
    held: Held,
    target: DrivePath,
    options: PutOptions,
    conditions: Conditions,
    overwrite: bool,
    known: Known,
) -> Written:
    session, upload, drive = transaction.session, held.upload, transaction.drive
    _make_room(drive, held)
    place = check_put(transaction, drive, backend, target, upload.received, conditions)
    if place.resource is not None and not overwrite:
        raise PreconditionFailed(f"{target} exists already, and Overwrite is F")
    content = insert_content(
        session,
        size=upload.received,
        sha256=known.sha256,
        digests=known.digests,
        inline=None if upload.received else b"",
        segments=(),
    )
    become_content(session, upload.id, content)
    written = write_version(transaction, place, content, upload.received, options, backend.limits.drafts_s, known.all)
    _end(transaction, held, target, written)
    return written


def _end(transaction: Transaction, held: Held, target: DrivePath, written: Written) -> None:
    own = next(drive for drive in transaction.drives if drive.id == held.drive.id)
    transaction.charge(own, -held.upload.received)
    following, result = after(held.upload.state, Event.COMPLETE), json.dumps(asdict(written))
    if not set_state(transaction.session, held.upload, following, write_path(target), result):
        raise too_late(following, Event.COMPLETE)
