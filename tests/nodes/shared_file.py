"""What two names and a lock may do: the model of a pair of shared paths, for the linearizability checker."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.support.linear import Operation

LOCK_S = 5
"""What clients ask for, the least that is granted; a lock whose holder died must not end the game."""

REFUSED = (503, 507)
"""Nothing happened, and the client is told so. (One that does not know says so as well, and counts as no answer.)"""

EMPTY = "empty "
"""How the text of an empty file begins. LOCK makes one and does not tell its ETag, which ends the text: in the model it
ends with nothing, until a GET or a PUT with If-Match showed the ETag."""

SLACK_S = 0.3
"""Granted seconds are whole, and clocks are read a little apart."""


class Held(NamedTuple):
    """A lock on the first name: whose, and the two moments between which it expires."""

    token: str
    earliest: float
    latest: float


class Pair(NamedTuple):
    """The contents of the names `a` and `b`, each by its own text (None: no file), and the lock on `a`. `lapsed`: the
    token of a lock that expired while nobody else took its place, which its holder may still renew or release."""

    a: str | None = None
    b: str | None = None
    lock: Held | None = None
    lapsed: str | None = None


def step(state: Pair, operation: Operation) -> Iterator[Pair]:
    """The states that an operation with this answer leads to."""
    if not operation.is_open and operation.result[0] in REFUSED:
        yield state
        return
    for before in _with_and_without_lock(state, operation):
        yield from _STEPS[operation.what](before, operation)


def _with_and_without_lock(state: Pair, operation: Operation) -> Iterator[Pair]:
    """A lock expires by itself: both while it may have, one of them where time says which."""
    lock = state.lock
    if lock is None or operation.start <= lock.latest + SLACK_S:
        yield state
    if lock is not None and operation.end >= lock.earliest - SLACK_S:
        yield state._replace(lock=None, lapsed=lock.token)


def _get(state: Pair, operation: Operation) -> Iterator[Pair]:
    status, text = operation.result
    name = operation.detail["name"]
    held = getattr(state, name)
    if (status == 404 and held is None) or (status == 200 and held == text):
        yield state
    elif status == 200 and held == EMPTY and text.startswith(EMPTY):
        yield state._replace(**{name: text})


def _blocked(state: Pair, detail: dict[str, str]) -> bool:
    return detail["name"] == "a" and state.lock is not None and state.lock.token != detail.get("token")


def _put(state: Pair, operation: Operation) -> Iterator[Pair]:
    name, expected = operation.detail["name"], operation.detail.get("expected")
    held = getattr(state, name)
    if expected is not None and held == EMPTY and expected.startswith(EMPTY):
        # Nobody knows yet which of the empty files it is: this one, or another.
        yield from _put_onto(state, operation, stale=True)
        yield from _put_onto(state._replace(**{name: expected}), operation, stale=False)
    else:
        yield from _put_onto(state, operation, stale=expected is not None and held != expected)


def _put_onto(state: Pair, operation: Operation, *, stale: bool) -> Iterator[Pair]:
    """`stale`: whether If-Match names another content than the one that is there."""
    detail, status = operation.detail, None if operation.is_open else operation.result[0]
    name = detail["name"]
    held = getattr(state, name)
    # A token in an If header has to be that of a lock that is there, else the condition fails.
    stale = stale or ("token" in detail and (state.lock is None or state.lock.token != detail["token"]))
    if status == 412 and stale:
        yield state
    if status == 423 and _blocked(state, detail):
        yield state
    if stale or _blocked(state, detail):
        return
    if status is None or status == (201 if held is None else 204):
        yield state._replace(**{name: detail["text"]})


def _move(state: Pair, operation: Operation) -> Iterator[Pair]:
    status = None if operation.is_open else operation.result[0]
    if status == 404 and state.a is None:
        yield state
    if state.a is None:
        return
    if status == 423 and state.lock is not None:
        yield state
    if state.lock is None and status in (None, 201 if state.b is None else 204):
        yield Pair(None, state.a)


def _delete(state: Pair, operation: Operation) -> Iterator[Pair]:
    status = None if operation.is_open else operation.result[0]
    if status == 404 and state.a is None:
        yield state
    if status == 423 and state.lock is not None:
        yield state
    if state.a is not None and state.lock is None and status in (None, 204):
        yield Pair(None, state.b)


def _lock(state: Pair, operation: Operation) -> Iterator[Pair]:
    status, token = (None, operation.detail["unknown"]) if operation.is_open else operation.result
    if status == 423 and state.lock is not None:
        yield state
    if state.lock is None and status in (None, 201 if state.a is None else 200):
        held = Held(token, operation.start + LOCK_S, operation.end + LOCK_S)
        yield Pair(EMPTY if state.a is None else state.a, state.b, held)


def _refresh(state: Pair, operation: Operation) -> Iterator[Pair]:
    status, token = None if operation.is_open else operation.result[0], operation.detail["token"]
    own = token == (state.lock.token if state.lock else state.lapsed)
    if own and status in (None, 200):
        yield state._replace(lock=Held(token, operation.start + LOCK_S, operation.end + LOCK_S), lapsed=None)
    if not own and status == 412:
        yield state


def _unlock(state: Pair, operation: Operation) -> Iterator[Pair]:
    status = None if operation.is_open else operation.result[0]
    own = operation.detail["token"] == (state.lock.token if state.lock else state.lapsed)
    if own and status in (None, 204):
        yield state._replace(lock=None, lapsed=None)
    if not own and status in (404, 409, 412):
        yield state


_STEPS = {
    "GET": _get,
    "PUT": _put,
    "MOVE": _move,
    "DELETE": _delete,
    "LOCK": _lock,
    "REFRESH": _refresh,
    "UNLOCK": _unlock,
}
