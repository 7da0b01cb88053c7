"""Partial update: new bytes over a part of a file, or after its end. The rest is shared with the version before.

A file of segments keeps those that the update does not touch (copy on write), so that changing one byte of ten
gigabytes stores one byte. A small file, which is inline, is written anew.
"""

from collections.abc import Callable, Iterable
from functools import partial

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.drive.ahead import file_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.glance import glance_at
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, View, path_keys
from davdrive.drive.put import PutOptions, Written, check_put, verify, write_version
from davdrive.drive.read import open_content
from davdrive.drive.splice import Splice, make_splice
from davdrive.drive.uploads.kept import kept_or_discarded
from davdrive.errors import DriveError, NotFound, ParentMissing, Unavailable
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import Content, insert_content
from davdrive.metadata.drives import Drive
from davdrive.metadata.session import Session
from davdrive.metadata.splices import keep_segments, put_segments
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.objects.content import StoredContent

MOST_ATTEMPTS = 8
"""How often an update is put together anew because somebody else changed the file meanwhile."""

Offset = Callable[[int, int | None], int]
"""Where an update begins, from the file's size and the update's length (None: not known yet), in bytes.
Errors: BadRequest, RangeNotSatisfiable."""


class _Overtaken(DriveError):
    """The file has another content than the one that the update was put together with."""


def patch(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    body: Iterable[bytes | memoryview],
    offset: Offset,
    options: PutOptions,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> Written:
    """Write the bytes of `body` into the file at `path`, from `offset` on; what lies behind them stays.

    `options.declared_size` and `options.checksums` are of the body. Without a condition two updates of one file both
    take place, one after the other.
    Errors: NotFound, NotAllowedHere for a collection; those of `offset`; those of `davdrive.drive.put.put`.
    """
    deadline = deadline or Deadline()
    foresee_patch(backend, caller, path, offset, options.declared_size, conditions)
    wanted = options.checksums.keys() - {"sha256"}
    with resting():
        stored = backend.contents.write(body, deadline, wanted, size_hint=options.declared_size or 0)
    with kept_or_discarded(backend, stored):
        verify(stored, options.checksums)
        for _ in range(MOST_ATTEMPTS):
            try:
                return _try(backend, caller, path, stored, offset, options, conditions, deadline)
            except _Overtaken:
                continue
    raise Unavailable("others keep changing this file; send the update again")


def foresee_patch(
    backend: Backend, caller: Caller, path: DrivePath, offset: Offset, declared_size: int | None, conditions: Conditions
) -> None:
    """Look whether the update could succeed now, before its body is asked for. Errors: those of `patch`."""
    old = open_content(backend, caller, path).content
    stop = offset(old.size, declared_size) + (declared_size or 0)

    def look(session: Session) -> None:
        glance, drive = glance_at(backend, session, caller, path, conditions)
        _check_file(glance, drive, backend, path, max(old.size, stop), conditions)

    backend.database.read(look)


def _check_file(
    view: View, drive: Drive, backend: Backend, path: DrivePath, size: int, conditions: Conditions
) -> Place:
    """`check_put` for a file that was there a moment ago; NotFound where it or its collection is gone."""
    try:
        place = check_put(view, drive, backend, path, size, conditions)
    except ParentMissing:
        raise NotFound(f"there is nothing at {path}") from None
    place.existing()
    return place


def _try(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    stored: StoredContent,
    offset: Offset,
    options: PutOptions,
    conditions: Conditions,
    deadline: Deadline,
) -> Written:
    old = open_content(backend, caller, path).content
    splice = make_splice(backend, old, stored, offset(old.size, stored.size), deadline)

    def work(transaction: Transaction) -> Written:
        return _commit(transaction, backend, path, old, splice, options, conditions)

    ahead = partial(file_and_locks, path, conditions)
    change = Change("put", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    with kept_or_discarded(backend, *splice.own):
        return transact(backend.database, change, work)


def _commit(
    transaction: Transaction,
    backend: Backend,
    path: DrivePath,
    old: Content,
    splice: Splice,
    options: PutOptions,
    conditions: Conditions,
) -> Written:
    place = _check_file(transaction, transaction.drive, backend, path, splice.size, conditions)
    if place.existing().content != old.id:
        raise _Overtaken("the file was changed while it was being updated")
    session = transaction.session
    content = insert_content(
        session, size=splice.size, sha256=splice.sha256, digests={}, inline=splice.inline, segments=()
    )
    if splice.inline is None:
        keep_segments(session, old.id, content, 0, splice.start)
        put_segments(session, content, splice.start, splice.pieces)
        keep_segments(session, old.id, content, splice.stop, old.size)
    known = {} if splice.sha256 is None else {"sha256": splice.sha256.hex()}
    return write_version(transaction, place, content, splice.size, options, backend.limits.drafts_s, known)
