"""COPY: a file or a tree once more, sharing its contents, in one commit (RFC 4918 §9.8)."""

from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import transfer
from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, path_keys
from davdrive.drive.put import check_room
from davdrive.drive.transfer import Arrived, clear, refuse_itself, set_time, target_place
from davdrive.errors import TooLarge
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import create_node, open_entry
from davdrive.metadata.properties import copy_properties
from davdrive.metadata.tables import COLLECTION
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.trees import copy_tree, measure_tree


def copy(
    backend: Backend,
    caller: Caller,
    source: DrivePath,
    target: DrivePath,
    *,
    overwrite: bool = True,
    infinite: bool = True,
    conditions: Conditions = NO_CONDITIONS,
    modified_ms: int | None = None,
    deadline: Deadline | None = None,
) -> Arrived:
    """Make a copy of what lives at `source` under the name `target`. `infinite` False: of a collection only itself
    and its properties, without members (Depth 0). `modified_ms`: unix ms, for the copy itself instead of the source's.

    Errors: NotFound, ParentMissing, Forbidden, PreconditionFailed, Locked, QuotaExceeded, TooLarge.
    """
    keys, target_key = path_keys(source), path_keys(target).drive

    def work(transaction: Transaction) -> Arrived:
        place = find_place(transaction, transaction.drive, source)
        place.existing()
        check_conditions(transaction, place, conditions, transaction.drives)
        goal = target_place(transaction, place, target, conditions)
        refuse_itself(place, goal)
        free = clear(transaction, goal, overwrite)
        arrived = copy_into(transaction, place, goal, backend.limits, infinite=infinite, created=free)
        if modified_ms is not None:
            set_time(transaction, goal, arrived, modified_ms)
        return arrived

    ahead = partial(transfer, source, target, conditions)
    change = Change("copy", caller, keys.drive, str(source), str(target), target_key, deadline, ahead)
    return transact(backend.database, change, work)


def copy_into(
    transaction: Transaction, source: Place, goal: Place, limits: DriveLimits, *, infinite: bool, created: bool
) -> Arrived:
    """Copy what lives at `source` to the free place `goal`."""
    resource = source.existing()
    if resource.is_collection and not infinite:
        node = create_node(transaction, goal.drive, COLLECTION)
        copy_properties(transaction.session, source.drive.id, resource.node, goal.drive.id, node)
    else:
        size = measure_tree(transaction.session, source.drive, resource.node)
        if size.nodes > limits.tree_nodes:
            raise TooLarge(f"one COPY may make at most {limits.tree_nodes} files and collections; copy the parts")
        check_room(goal.drive, size.bytes, max(size.bytes, limits.file_bytes))
        node = copy_tree(transaction, source.drive, resource.node, goal.drive, size)
    open_entry(transaction, goal.drive, goal.parent().node, goal.path.name, goal.name_key, node)
    return Arrived(created, goal.drive.id, node, resource.etag)
