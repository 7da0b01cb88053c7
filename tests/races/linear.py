"""Is there an order? The checker of Wing and Gong, with Lowe's memory of what was tried, for one resource.

A history is what several clients did and heard, with the times between which each operation took effect. It is
linearizable when the operations can be put in one order, each inside its times, in which every one heard what a lone
server would have said. An operation whose answer never came may have happened at any time after it began, or never.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NamedTuple

UNKNOWN = "unknown"
MOST_NODES = 2_000_000
"""Nodes of the search; a history that needs more was badly chosen."""


@dataclass(frozen=True)
class Event:
    """One operation: `began` and `ended` in seconds of one clock, `outcome` UNKNOWN when no answer came.

    `what` and its `arguments`, by kind: get; put (the content that If-Match names, the new content, the token that was
    submitted); lock; refresh (token); unlock (token); discover. `result`: the content, the token, or (holder, token).
    """

    who: str
    what: str
    arguments: tuple[Any, ...]
    began: float
    ended: float = inf
    outcome: str = UNKNOWN
    result: Any = None


class State(NamedTuple):
    """A file: its content, and the holder and token of its exclusive lock."""

    content: str
    holder: str | None = None
    token: str | None = None


def is_linearizable(history: Sequence[Event], beginning: State) -> bool:
    """Whether there is an order. RuntimeError when the search is too large."""
    events = sorted(history, key=lambda event: event.began)
    everything = (1 << len(events)) - 1
    optional = sum(1 << n for n, event in enumerate(events) if event.outcome == UNKNOWN)
    waiting, tried = [(0, beginning)], set[tuple[int, State]]()
    while waiting:
        done, state = waiting.pop()
        if done | optional == everything:
            return True
        if (done, state) in tried:
            continue
        tried.add((done, state))
        if len(tried) > MOST_NODES:
            raise RuntimeError("too many orders to try; take shorter histories")
        for number in _next(events, done):
            waiting += [(done | 1 << number, each) for each in follow(state, events[number], number)]
    return False


def _next(events: Sequence[Event], done: int) -> Iterable[int]:
    """Operations that may come next: begun before any that is left was over."""
    left = [number for number in range(len(events)) if not done >> number & 1]
    first_end = min(events[number].ended for number in left)
    return (number for number in left if events[number].began <= first_end)


def follow(state: State, event: Event, number: int) -> list[State]:
    """The states that the operation may leave, if it can have its outcome in this one; none if it cannot."""
    return [after for outcome, after in _RULES[event.what](state, event, number) if event.outcome in (UNKNOWN, outcome)]


Steps = list[tuple[str, State]]


def _get(state: State, event: Event, _: int) -> Steps:
    return [("done", state)] if event.outcome == UNKNOWN or event.result == state.content else []


def _put(state: State, event: Event, _: int) -> Steps:
    expected, content, token = event.arguments
    refusals: Steps = []
    if expected != state.content:
        refusals.append(("PreconditionFailed", state))
    if state.holder is not None and (state.holder != event.who or state.token != token):
        refusals.append(("Locked", state))
    return refusals or [("done", state._replace(content=content))]


def _lock(state: State, event: Event, number: int) -> Steps:
    if state.holder is not None:
        return [("LockConflict", state)]
    return [("done", State(state.content, event.who, event.result or f"unheard {number}"))]


def _refresh(state: State, event: Event, _: int) -> Steps:
    return [("done" if state.token == event.arguments[0] else "PreconditionFailed", state)]


def _unlock(state: State, event: Event, _: int) -> Steps:
    if state.token != event.arguments[0]:
        return [("LockTokenMismatch", state)]
    return [("done", State(state.content))]


def _discover(state: State, event: Event, _: int) -> Steps:
    """Whoever took a lock and died learns its token here."""
    if event.outcome == UNKNOWN or event.result == (state.holder, state.token):
        return [("done", state)]
    holder, token = event.result
    if state.token is not None and state.token.startswith("unheard") and holder == state.holder:
        return [("done", state._replace(token=token))]
    return []


_RULES = {
    "get": _get,
    "put": _put,
    "lock": _lock,
    "refresh": _refresh,
    "unlock": _unlock,
    "discover": _discover,
}


def ended(event: Event, at: float, outcome: str, result: Any = None) -> Event:
    """The event with its answer."""
    return replace(event, ended=at, outcome=outcome, result=result)
