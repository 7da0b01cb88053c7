"""Over HTTP the drive does what its model does."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import pytest

from tests.model.proof import Rules, require_proof, table
from tests.model.run import SEED, run, run_until_proof
from tests.model.shapes import Place
from tests.model.world import USERS
from tests.support.serving import RunningServer, running_server
from tests.wire_model.machine import WIRE_RULES, WireMachine
from tests.wire_model.wire_ops import WireOps
from tests.wire_model.worlds import SETTINGS, WireWorlds

EXAMPLES, STEPS = 50, 40
USUAL: Rules = {
    **dict.fromkeys(("put", "delete", "proppatch"), ("NotFound", "PreconditionFailed")),
    **dict.fromkeys(("mkcol", "copy", "move", "lock exclusive 0", "tus_begin", "read", "look"), ()),
    **dict.fromkeys(("begin", "add_part", "tus_append", "upkeep", "role changed"), ()),
}
"""What some thousand requests prove; the rest takes a longer run (`python -m tests.night`)."""


@contextlib.contextmanager
def served(folder: "pytest.TempPathFactory") -> Iterator[RunningServer]:
    """A server with the users of the model."""
    users = {name: f"{name}'s secret" for name in USERS}
    with running_server(folder.mktemp("wire-model") / "data", users, settings=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with served(tmp_path_factory) as running:
        yield running


def test_over_http_the_drive_does_what_its_model_does(server: RunningServer) -> None:
    tally = run_until_proof(WireWorlds(server), EXAMPLES, STEPS, machine=WireMachine, rules=USUAL, begin_with=SEED)
    print(table(tally))
    require_proof(tally, USUAL, WIRE_RULES)


def _given_back(lock: Callable[..., str]) -> Callable[..., str]:
    """Every lock is released behind its holder's back."""

    def forget(ops: WireOps, who: str, place: Place, *others: Any) -> str:
        token = lock(ops, who, place, *others)
        ops.unlock(who, place, token)
        return token

    return forget


def _one_in_five(real: Callable[..., Any], spoilt: Callable[..., Any]) -> Callable[..., Any]:
    """By who asks for what, so that a sequence that failed fails again."""
    return lambda *arguments: (spoilt if crc32(repr(arguments[1:3]).encode()) % 5 == 0 else real)(*arguments)


FAULTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "every lock is given back at once": ("lock", _given_back),
    "one read in five has another byte": (
        "read",
        lambda read: _one_in_five(read, lambda *arguments: b"?" + read(*arguments)[1:]),
    ),
    "one DELETE in five is only said to be done": (
        "delete",
        lambda delete: _one_in_five(delete, lambda *arguments: None),
    ),
    "one PROPPATCH in five is only said to be done": (
        "proppatch",
        lambda proppatch: _one_in_five(proppatch, lambda *arguments: None),
    ),
    "one listing in five leaves out a name": (
        "look",
        lambda look: _one_in_five(look, lambda *arguments: {"": look(*arguments)[""]}),
    ),
}
"""As a server or something before it might spoil its answers."""


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_is_wrong_is_noticed(server: RunningServer, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    name, spoil = FAULTS[fault]
    monkeypatch.setattr(WireOps, name, spoil(getattr(WireOps, name)))
    with pytest.raises(AssertionError):
        run(WireWorlds(server), 4 * EXAMPLES, STEPS, machine=WireMachine, begin_with=SEED)
