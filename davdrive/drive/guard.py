"""Locks and preconditions, judged inside the transaction that commits the change (P3, P4)."""

from collections.abc import Sequence
from functools import partial

from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.lock_rules import covers, in_the_way
from davdrive.drive.names import DrivePath
from davdrive.drive.near_locks import live, on_the_way, within
from davdrive.drive.places import Place, View, find_place, path_keys
from davdrive.drive.preconditions import State, check_write, holds
from davdrive.errors import Locked, PreconditionFailed
from davdrive.metadata.drives import Drive
from davdrive.metadata.locks import Lock, path_key

NO_LOCK = "DAV:no-lock"
"""The state token that no resource ever has (RFC 4918 §10.4.8)."""

MOST_REPORTED = 100
"""Lock roots that one error names; a client needs the first."""


def state_of(view: View, place: Place) -> State:
    """What conditions can ask of a place."""
    tokens = [lock.token for lock in locks_covering(view, place)]
    resource = place.resource
    if resource is None:
        return State(tokens=tokens)
    return State(True, resource.etag, resource.modified_ms, tokens)


def locks_covering(view: View, place: Place) -> list[Lock]:
    """The unexpired locks whose scope holds the place."""
    if not place.drive.has_locks:
        return []
    key = path_key(place.keys)
    return [lock for lock in live(on_the_way(view.session, place.lookup), place.drive.lock_ms) if covers(lock, key)]


def check_conditions(view: View, place: Place, conditions: Conditions, drives: Sequence[Drive]) -> None:
    """If-Match and its like for the place, and the If header for whatever it names in `drives`.

    Errors: PreconditionFailed; Locked when a token was submitted, but not one that opens the lock that is there.
    """
    if conditions == NO_CONDITIONS:
        return
    state = state_of(view, place)
    check_write(conditions, state)
    if holds(conditions.if_lists, partial(_state_at, view, state, drives)):
        return
    if conditions.tokens - {NO_LOCK} and state.tokens and not conditions.tokens & set(state.tokens):
        raise Locked("it is locked, and none of the submitted tokens is its lock's", place.drive.name)
    raise PreconditionFailed("the state that the If header describes is not the present one")


def _state_at(view: View, own: State, drives: Sequence[Drive], path: DrivePath | None) -> State:
    if path is None:
        return own
    key = path_keys(path).drive
    drive = next((each for each in drives if each.name_key == key), None)
    return State() if drive is None else state_of(view, find_place(view, drive, path))


def check_content(view: View, place: Place, conditions: Conditions) -> None:
    """Locks against changing the content or properties of what lives at the place (RFC 4918 §7)."""
    if place.drive.has_locks:
        locks = live(on_the_way(view.session, place.lookup), place.drive.lock_ms)
        _refuse(view, place.drive, locks, conditions, [path_key(place.keys)])


def check_membership(view: View, place: Place, conditions: Conditions) -> None:
    """Locks against adding or removing the place as a member of its collection (RFC 4918 §7.4)."""
    if place.drive.has_locks:
        locks = live(on_the_way(view.session, place.lookup), place.drive.lock_ms)
        _refuse(view, place.drive, locks, conditions, [path_key(place.keys[:-1]), path_key(place.keys)])


def check_tree(view: View, place: Place, conditions: Conditions) -> None:
    """Locks against removing the place with all that is below it from its collection."""
    if not place.drive.has_locks:
        return
    key = path_key(place.keys)
    locks = live(on_the_way(view.session, place.lookup), place.drive.lock_ms)
    below = live(within(view.session, place.lookup), place.drive.lock_ms)
    keys = [path_key(place.keys[:-1]), key, *(lock.path_key for lock in below)]
    _refuse(view, place.drive, [*locks, *below], conditions, keys)


def _refuse(view: View, drive: Drive, locks: Sequence[Lock], conditions: Conditions, keys: Sequence[str]) -> None:
    blocking = in_the_way(locks, view.caller, conditions.tokens, keys)
    if not blocking:
        return
    holder = blocking[0]
    own = "your own lock" if holder.principal == view.caller.name else f"a lock of {holder.principal}"
    raise Locked(
        f"{own} on /{drive.name}{holder.path} stands in the way; submit its token in the If header, or wait",
        drive.name,
        tuple(dict.fromkeys(lock.names for lock in blocking))[:MOST_REPORTED],
    )
