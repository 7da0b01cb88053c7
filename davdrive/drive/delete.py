"""DELETE: a file or a whole tree leaves in one commit, and can come back from the trash (RFC 4918 §9.6)."""

from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import tree_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_tree
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import close_entry
from davdrive.metadata.locks import path_key, remove_locks_within
from davdrive.metadata.transaction import Change, Transaction, transact


def delete(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> None:
    """Remove what lives at `path` with everything below it, and the locks on it.

    Errors: NotFound, Forbidden (also for a drive's root), PreconditionFailed, Locked.
    """

    def work(transaction: Transaction) -> None:
        drive = transaction.drive
        require_editor(drive)
        place = find_place(transaction, drive, path)
        place.existing()
        place.parent()
        check_conditions(transaction, place, conditions, (drive,))
        check_tree(transaction, place, conditions)
        remove(transaction, place)

    ahead = partial(tree_and_locks, path, conditions)
    change = Change("delete", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    transact(backend.database, change, work)


def remove(transaction: Transaction, place: Place) -> None:
    """Close the name of what lives at a place. Everything below it is unreachable from this revision on, so nothing
    else is written, however large the tree is."""
    close_entry(transaction, place.drive, place.parent().node, place.existing().node)
    if place.drive.has_locks:
        remove_locks_within(transaction.session, place.drive.id, path_key(place.keys))
