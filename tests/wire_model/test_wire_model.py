"""Over HTTP the drive does what its model does."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.model.proof import Rules, require_proof, table
from tests.model.run import run, run_until_proof
from tests.model.world import USERS
from tests.support.serving import RunningServer, running_server
from tests.wire_model.machine import WIRE_RULES, WireMachine
from tests.wire_model.worlds import SETTINGS, WireWorlds

EXAMPLES, STEPS = 50, 40
USUAL: Rules = {
    **dict.fromkeys(("put", "delete", "proppatch"), ("NotFound", "PreconditionFailed", "Forbidden", "Locked")),
    **dict.fromkeys(("mkcol", "patch", "copy", "move", "lock exclusive 0", "tus_begin"), ("NotFound",)),
    **dict.fromkeys(("read", "look", "refresh", "versions", "trash", "restore"), ()),
    **dict.fromkeys(("unlock",), ("LockTokenMismatch",)),
    **dict.fromkeys(("begin", "add_part", "complete", "tus_append", "upkeep", "role changed", "quota changed"), ()),
}
"""What some thousand requests prove; the rest takes a longer run (`python -m tests.wire_model`)."""


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
    tally = run_until_proof(WireWorlds(server), EXAMPLES, STEPS, machine=WireMachine, rules=USUAL)
    print(table(tally))
    require_proof(tally, USUAL, WIRE_RULES)


def test_an_answer_that_is_wrong_is_noticed(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine believes no success that was none: here every lock is released behind its holder's back."""
    lock = WireMachine.ops.lock

    def forget(self: object, who: str, place: object, *others: object) -> str:
        token = lock(self, who, place, *others)  # type: ignore[arg-type]
        self.unlock(who, place, token)  # type: ignore[attr-defined]
        return token

    monkeypatch.setattr(WireMachine.ops, "lock", forget)
    with pytest.raises(AssertionError):
        run(WireWorlds(server), EXAMPLES, STEPS, machine=WireMachine)
