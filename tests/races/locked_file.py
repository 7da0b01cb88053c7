"""What a file and its exclusive lock may do: the model of one file, for the linearizability checker."""

from typing import Any, NamedTuple

from tests.support.linear import NEVER, Operation

DONE = "done"


class Asked(NamedTuple):
    """Who asked, and for what, by kind: get; put (the content that If-Match names, the new content, the token that was
    submitted); lock; refresh (token); unlock (token); discover."""

    who: str
    arguments: tuple[Any, ...] = ()


class Heard(NamedTuple):
    """The answer: `value` is the content, the token, or (holder, token)."""

    outcome: str
    value: Any = None


class State(NamedTuple):
    """A file: its content, and the holder and token of its exclusive lock."""

    content: str
    holder: str | None = None
    token: str | None = None


def operation(what: str, asked: Asked, began: float, ended: float = NEVER, heard: Heard | None = None) -> Operation:
    """One operation, in seconds of one clock; without an answer it is open."""
    return Operation(what, began, ended, asked, heard)


def step(state: State, done: Operation) -> list[State]:
    """The states that the operation may leave, if it can have its outcome in this one; none if it cannot."""
    return [
        after for outcome, after in _RULES[done.what](state, done) if done.is_open or done.result.outcome == outcome
    ]


Steps = list[tuple[str, State]]


def _get(state: State, done: Operation) -> Steps:
    return [(DONE, state)] if done.is_open or done.result.value == state.content else []


def _put(state: State, done: Operation) -> Steps:
    expected, content, token = done.detail.arguments
    refusals: Steps = []
    if expected != state.content:
        refusals.append(("PreconditionFailed", state))
    if state.holder is not None and (state.holder != done.detail.who or state.token != token):
        refusals.append(("Locked", state))
    return refusals or [(DONE, state._replace(content=content))]


def _lock(state: State, done: Operation) -> Steps:
    if state.holder is not None:
        return [("LockConflict", state)]
    token = _unheard(done) if done.is_open else done.result.value
    return [(DONE, State(state.content, done.detail.who, token))]


def _unheard(done: Operation) -> str:
    """What stands for a token that nobody was told."""
    return f"unheard {done.detail.who} {done.start}"


def _refresh(state: State, done: Operation) -> Steps:
    return [(DONE if state.token == done.detail.arguments[0] else "PreconditionFailed", state)]


def _unlock(state: State, done: Operation) -> Steps:
    if state.token != done.detail.arguments[0]:
        return [("LockTokenMismatch", state)]
    return [(DONE, State(state.content))]


def _discover(state: State, done: Operation) -> Steps:
    """Whoever took a lock and died learns its token here."""
    if done.is_open or done.result.value == (state.holder, state.token):
        return [(DONE, state)]
    holder, token = done.result.value
    if state.token is not None and state.token.startswith("unheard") and holder == state.holder:
        return [(DONE, state._replace(token=token))]
    return []


_RULES = {
    "get": _get,
    "put": _put,
    "lock": _lock,
    "refresh": _refresh,
    "unlock": _unlock,
    "discover": _discover,
}
