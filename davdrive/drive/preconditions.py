"""Preconditions against the state of resources: pure rules (RFC 9110 §13, RFC 4918 §10.4)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from davdrive.drive.conditions import AnyTag, Conditions, EntityTag, EntityTags, StateCondition, StateList
from davdrive.drive.names import DrivePath
from davdrive.errors import NotModified, PreconditionFailed


@dataclass(frozen=True, slots=True)
class State:
    """What a condition can ask of a resource. `etag` None: it has no representation (nothing there, or a collection
    without one); `exists`: whether anything lives there; `tokens`: of all the locks that cover it."""

    exists: bool = False
    etag: str | None = None
    modified_ms: int = 0
    tokens: Collection[str] = ()


def matches_strongly(tags: EntityTags, state: State) -> bool:
    """If-Match (RFC 9110 §13.1.1): strong comparison; `*` wants any current representation."""
    if isinstance(tags, AnyTag):
        return state.exists
    return any(not tag.weak and tag.opaque == state.etag for tag in tags)


def matches_weakly(tags: EntityTags, state: State) -> bool:
    """If-None-Match (RFC 9110 §13.1.2): weak comparison."""
    if isinstance(tags, AnyTag):
        return state.exists
    return any(tag.opaque == state.etag for tag in tags)


def check_write(conditions: Conditions, state: State) -> None:
    """The HTTP conditions of a method that changes something, in the order of RFC 9110 §13.2.2."""
    _check_match(conditions, state)
    if conditions.if_none_match is not None and matches_weakly(conditions.if_none_match, state):
        raise PreconditionFailed("something that If-None-Match excludes is there already")


def check_read(conditions: Conditions, state: State) -> None:
    """The HTTP conditions of GET and HEAD. Errors: PreconditionFailed, NotModified."""
    _check_match(conditions, state)
    if conditions.if_none_match is not None:
        if matches_weakly(conditions.if_none_match, state):
            raise NotModified("you have this content already", state.etag or "", state.modified_ms)
    elif conditions.if_modified_since is not None and state.modified_ms // 1000 <= conditions.if_modified_since:
        raise NotModified("not modified since then", state.etag or "", state.modified_ms)


def _check_match(conditions: Conditions, state: State) -> None:
    if conditions.if_match is not None:
        if not matches_strongly(conditions.if_match, state):
            raise PreconditionFailed("the content is not the one that If-Match names; somebody changed it")
    elif conditions.if_unmodified_since is not None and state.modified_ms // 1000 > conditions.if_unmodified_since:
        raise PreconditionFailed("it was modified after the time in If-Unmodified-Since")


def holds(lists: tuple[StateList, ...], state_of: Callable[[DrivePath | None], State]) -> bool:
    """Whether the If header holds: any of its lists does (RFC 4918 §10.4.3). `state_of(None)` is the request's own."""
    return not lists or any(_list_holds(each, state_of) for each in lists)


def _list_holds(each: StateList, state_of: Callable[[DrivePath | None], State]) -> bool:
    state = State() if each.elsewhere else state_of(each.resource)
    return all(_condition_holds(condition, state) for condition in each.conditions)


def _condition_holds(condition: StateCondition, state: State) -> bool:
    if condition.token is not None:
        matches = condition.token in state.tokens
    else:
        matches = condition.etag is not None and _same(condition.etag, state)
    return matches != condition.negated


def _same(tag: EntityTag, state: State) -> bool:
    return not tag.weak and tag.opaque == state.etag
