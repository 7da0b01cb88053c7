"""What COPY and MOVE share: the target, and what has to leave it."""

from dataclasses import dataclass

from davdrive.drive.conditions import Conditions
from davdrive.drive.delete import remove
from davdrive.drive.guard import check_membership, check_tree
from davdrive.drive.lock_rules import is_within
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, require_editor
from davdrive.errors import Forbidden, PreconditionFailed
from davdrive.metadata.drives import Drive
from davdrive.metadata.entries import touch
from davdrive.metadata.locks import path_key
from davdrive.metadata.transaction import Transaction
from davdrive.metadata.versions import set_modified


@dataclass(frozen=True, slots=True)
class Arrived:
    """What COPY or MOVE left at the destination. `etag` is None for a collection."""

    created: bool
    drive_id: int
    node: int
    etag: str | None


def target_place(transaction: Transaction, source: Place, target: DrivePath, conditions: Conditions) -> Place:
    """Resolve the destination and see that the source fits there.

    Errors: Forbidden (same place, into itself, a root, the role), ParentMissing, Locked.
    """
    drive = _drive_of(transaction, source)
    require_editor(drive)
    place = find_place(transaction, drive, target)
    place.parent()
    _check_apart(source, place)
    if place.resource is None:
        check_membership(transaction, place, conditions)
    else:
        check_tree(transaction, place, conditions)
    return place


def _drive_of(transaction: Transaction, source: Place) -> Drive:
    drive = transaction.other or source.drive
    if drive.case_insensitive != source.drive.case_insensitive:
        raise Forbidden("these two drives compare names differently; copy the files one by one")
    return drive


def _check_apart(source: Place, target: Place) -> None:
    if source.drive.id != target.drive.id:
        return
    one, other = path_key(source.keys), path_key(target.keys)
    if one == other and source.path.name == target.path.name:
        raise Forbidden("source and destination are the same")
    if one != other and is_within(other, one):
        raise Forbidden("a collection cannot be put into itself")
    if one != other and is_within(one, other):
        raise Forbidden("the destination holds the source; replacing it would remove the source")


def refuse_itself(source: Place, target: Place) -> None:
    """A copy onto another spelling of its own name would first remove what it copies. Errors: Forbidden."""
    if source.drive.id == target.drive.id and source.keys == target.keys:
        raise Forbidden("source and destination are two spellings of the same name")


def clear(transaction: Transaction, target: Place, overwrite: bool) -> bool:
    """Make room at the destination; whether it was free. Errors: PreconditionFailed when Overwrite is F."""
    if target.resource is None:
        return True
    if not overwrite:
        raise PreconditionFailed(f"{target.path} exists already, and Overwrite is F")
    remove(transaction, target)
    return False


def set_time(transaction: Transaction, goal: Place, arrived: Arrived, modified_ms: int) -> None:
    """Give what arrived the time that the client wants, in unix ms."""
    if arrived.etag is None:
        touch(transaction, goal.drive, arrived.node, modified_ms)
    else:
        set_modified(transaction, goal.drive, arrived.node, modified_ms)
