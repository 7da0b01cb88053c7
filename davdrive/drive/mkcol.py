"""MKCOL: a new, empty collection (RFC 4918 §9.3)."""

from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import place_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_membership
from davdrive.drive.names import DrivePath
from davdrive.drive.places import find_place, path_keys, require_editor
from davdrive.errors import AlreadyExists
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import create_node, open_entry
from davdrive.metadata.tables import COLLECTION
from davdrive.metadata.transaction import Change, Transaction, transact


def make_collection(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    conditions: Conditions = NO_CONDITIONS,
    modified_ms: int | None = None,
    deadline: Deadline | None = None,
) -> int:
    """Create a collection; its node id. `modified_ms`: unix ms, instead of now.

    Errors: AlreadyExists, ParentMissing, Forbidden, PreconditionFailed, Locked.
    """

    def work(transaction: Transaction) -> int:
        drive = transaction.drive
        require_editor(drive)
        place = find_place(transaction, drive, path)
        if place.resource is not None:
            raise AlreadyExists(f"{path} exists already")
        parent = place.parent()
        check_conditions(transaction, place, conditions, (drive,))
        check_membership(transaction, place, conditions)
        node = create_node(transaction, drive, COLLECTION, modified_ms=modified_ms)
        open_entry(transaction, drive, parent.node, path.name, place.name_key, node)
        return node

    ahead = partial(place_and_locks, path, conditions)
    change = Change("mkcol", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    return transact(backend.database, change, work)
