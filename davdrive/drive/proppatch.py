"""PROPPATCH: all of its instructions or none (RFC 4918 §9.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import place_and_properties
from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_content
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.errors import TooLarge
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import set_created, touch
from davdrive.metadata.properties import PropertyName, property_lengths, remove_property, set_property
from davdrive.metadata.resources import Resource
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import set_modified


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One instruction. `value`: the XML of the whole element, None to remove it."""

    name: PropertyName
    value: str | None


@dataclass(frozen=True, slots=True)
class PropertyPatch:
    """What to do, in document order, and the times that some properties set. Times are unix ms."""

    changes: Sequence[PropertyChange] = ()
    modified_ms: int | None = None
    created_ms: int | None = None


def patch_properties(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    patch: PropertyPatch,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> None:
    """Change the dead properties and times of what lives at `path`, in one transaction.

    Errors: NotFound, Forbidden, PreconditionFailed, Locked, TooLarge.
    """

    def work(transaction: Transaction) -> None:
        require_editor(transaction.drive)
        place = find_place(transaction, transaction.drive, path)
        resource = place.existing()
        check_conditions(transaction, place, conditions, (transaction.drive,))
        check_content(transaction, place, conditions)
        if any(change.value is not None for change in patch.changes):
            _check_size(transaction, place, patch, backend.limits)
        for change in patch.changes:
            _apply(transaction, resource, change)
        _set_times(transaction, resource, patch)

    ahead = partial(place_and_properties, path, conditions)
    change = Change("proppatch", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    transact(backend.database, change, work)


def _apply(transaction: Transaction, resource: Resource, change: PropertyChange) -> None:
    if change.value is None:
        remove_property(transaction.session, transaction.drive.id, resource.node, change.name)
    else:
        set_property(transaction.session, transaction.drive.id, resource.node, change.name, change.value)


def _set_times(transaction: Transaction, resource: Resource, patch: PropertyPatch) -> None:
    if patch.created_ms is not None:
        set_created(transaction, transaction.drive, resource.node, patch.created_ms)
    if patch.modified_ms is None:
        return
    if resource.is_collection:
        touch(transaction, transaction.drive, resource.node, patch.modified_ms)
    else:
        set_modified(transaction, transaction.drive, resource.node, patch.modified_ms)


def _check_size(transaction: Transaction, place: Place, patch: PropertyPatch, limits: DriveLimits) -> None:
    """Errors: TooLarge when the properties that are there and those that come are too many or too long together."""
    lengths = property_lengths(transaction.session, place.drive, place.lookup, place.existing().node)
    for change in patch.changes:
        if change.value is None:
            lengths.pop(change.name, None)
        else:
            lengths[change.name] = len(change.value)
    if len(lengths) > limits.properties:
        raise TooLarge(f"a resource may have at most {limits.properties} properties")
    if sum(lengths.values()) > limits.properties_bytes:
        raise TooLarge(f"the properties of a resource may have at most {limits.properties_bytes} characters in all")
