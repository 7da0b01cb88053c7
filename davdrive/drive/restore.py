"""Taking things back from history: a deleted tree, an old version of a file. Both share what is stored already."""

import secrets

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_content, check_membership
from davdrive.drive.names import DrivePath, check_path
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.drive.put import Written, check_room
from davdrive.drive.versions import require_version
from davdrive.errors import AlreadyExists, Forbidden, NotAllowedHere, NotFound, ParentMissing
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import create_node, open_entry
from davdrive.metadata.history import PastVersion, Trashed, names_at, trashed
from davdrive.metadata.tables import FILE, ROOT
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import close_version, open_version


def restore_deleted(
    backend: Backend,
    caller: Caller,
    drive_name: str,
    identity: int,
    target: DrivePath | None = None,
    deadline: Deadline | None = None,
) -> DrivePath:
    """Bring back what the trash item `identity` names, with everything below it and all of its versions, in one
    commit whatever its size. It returns to its old name, in its old collection wherever that is now, or to `target`.

    Returns where it is. Errors: NotFound, AlreadyExists, ParentMissing, Forbidden, Locked.
    """

    def work(transaction: Transaction) -> DrivePath:
        require_editor(transaction.drive)
        item = trashed(transaction.session, transaction.drive.id, identity)
        if item is None:
            raise NotFound(f"the trash of {drive_name} has nothing with the number {identity}")
        path = target or _old_path(transaction, item)
        place = find_place(transaction, transaction.drive, path)
        if place.resource is not None:
            raise AlreadyExists(f"{path} exists; move it away, or restore under another name")
        _put_back(transaction, place, item)
        change.target = str(path)
        return path

    if target is not None and path_keys(target).drive != path_keys(DrivePath(drive_name)).drive:
        raise Forbidden("what was deleted returns to its own drive; move it to another one afterwards")
    change = Change("restore", caller, path_keys(DrivePath(drive_name)).drive, f"trash {identity}", deadline=deadline)
    return transact(backend.database, change, work)


def _old_path(transaction: Transaction, item: Trashed) -> DrivePath:
    drive = transaction.drive
    top, above = names_at(transaction.session, drive.id, item.parent, drive.revision)
    if top != ROOT:
        raise ParentMissing("the collection that held it was deleted too; restore that first, or choose another place")
    return check_path(drive.name, (*above, item.name))


def _put_back(transaction: Transaction, place: Place, item: Trashed) -> None:
    parent = place.parent()
    check_membership(transaction, place, NO_CONDITIONS)
    open_entry(transaction, place.drive, parent.node, place.path.name, place.name_key, item.node)


def restore_version(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    identity: int,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> Written:
    """Make the version `identity` of `path` its newest one; the present one becomes history. A file that was deleted
    lives again.

    Errors: NotFound, NotAllowedHere, ParentMissing, PreconditionFailed, Locked, QuotaExceeded, Forbidden.
    """

    def work(transaction: Transaction) -> Written:
        require_editor(transaction.drive)
        place = find_place(transaction, transaction.drive, path)
        if place.resource is not None and place.resource.is_collection:
            raise NotAllowedHere(f"{path} is a collection and has no versions")
        place.parent()
        version = require_version(transaction.session, place, identity)
        check_conditions(transaction, place, conditions, (transaction.drive,))
        check = check_membership if place.resource is None else check_content
        check(transaction, place, conditions)
        check_room(transaction.drive, version.size, max(version.size, backend.limits.file_bytes))
        return _make_current(transaction, place, version)

    change = Change("restore", caller, path_keys(path).drive, str(path), deadline=deadline)
    return transact(backend.database, change, work)


def _make_current(transaction: Transaction, place: Place, version: PastVersion) -> Written:
    drive, etag = place.drive, secrets.token_hex(12)
    if place.resource is None:
        node = create_node(transaction, drive, FILE)
        open_entry(transaction, drive, place.parent().node, place.path.name, place.name_key, node)
    else:
        node = place.resource.node
        close_version(transaction, drive, node)
    open_version(
        transaction,
        drive,
        node,
        content=version.content,
        size=version.size,
        etag=etag,
        media_type=version.media_type,
        # Now, not then: a client that compares times has to see a change.
        modified_ms=transaction.now_ms,
    )
    return Written(place.resource is None, etag, transaction.now_ms, drive.id, node)
