"""MOVE: one entry ends and another begins, whatever the size of the tree (RFC 4918 §9.9)."""

from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import transfer
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.copying import copy_into
from davdrive.drive.delete import remove
from davdrive.drive.guard import check_conditions, check_tree
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.drive.transfer import Arrived, clear, set_time, target_place
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import close_entry, open_entry
from davdrive.metadata.locks import path_key, remove_locks_within
from davdrive.metadata.resources import Resource
from davdrive.metadata.transaction import Change, Transaction, transact


def move(
    backend: Backend,
    caller: Caller,
    source: DrivePath,
    target: DrivePath,
    *,
    overwrite: bool = True,
    conditions: Conditions = NO_CONDITIONS,
    modified_ms: int | None = None,
    deadline: Deadline | None = None,
) -> Arrived:
    """Give what lives at `source` the name `target`. Within a drive its identity, history and properties stay; its
    locks do not (RFC 4918 §7.7). Across drives it is a copy and a delete in one commit.

    Errors: NotFound, ParentMissing, Forbidden, PreconditionFailed, Locked, QuotaExceeded across drives.
    """
    keys, target_key = path_keys(source), path_keys(target).drive

    def work(transaction: Transaction) -> Arrived:
        drive = transaction.drive
        require_editor(drive)
        place = find_place(transaction, drive, source)
        resource = place.existing()
        place.parent()
        check_conditions(transaction, place, conditions, transaction.drives)
        check_tree(transaction, place, conditions)
        goal = target_place(transaction, place, target, conditions)
        renamed_only = goal.resource is not None and goal.resource.node == resource.node and transaction.other is None
        free = True if renamed_only else clear(transaction, goal, overwrite)
        if transaction.other is None:
            _rename(transaction, place, goal, resource)
            arrived = Arrived(free, drive.id, resource.node, resource.etag)
        else:
            arrived = copy_into(transaction, place, goal, backend.limits, infinite=True, created=free)
            remove(transaction, place)
        if modified_ms is not None:
            set_time(transaction, goal, arrived, modified_ms)
        return arrived

    ahead = partial(transfer, source, target, conditions)
    change = Change("move", caller, keys.drive, str(source), str(target), target_key, deadline, ahead)
    return transact(backend.database, change, work)


def _rename(transaction: Transaction, source: Place, goal: Place, resource: Resource) -> None:
    if source.drive.has_locks:
        remove_locks_within(transaction.session, source.drive.id, path_key(source.keys))
    close_entry(transaction, source.drive, source.parent().node, resource.node)
    open_entry(transaction, goal.drive, goal.parent().node, goal.path.name, goal.name_key, resource.node)
