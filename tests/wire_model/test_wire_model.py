"""Over HTTP the drive does what its model does."""

from collections.abc import Iterator

import pytest

from tests.model.machine import DriveMachine
from tests.model.run import require_proof, run
from tests.model.world import USERS
from tests.support.serving import RunningServer, running_server
from tests.wire_model.wire_ops import WireOps
from tests.wire_model.worlds import WireWorlds

EXAMPLES, STEPS = 60, 40
WANTED = ("put done", "copy done", "move done", "delete done", "lock done", "unlock done", "read done", "time")


class WireMachine(DriveMachine):
    """The machine of the model, by requests."""

    ops = WireOps


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    users = {name: f"{name}'s secret" for name in USERS}
    with running_server(tmp_path_factory.mktemp("wire-model") / "data", users) as running:
        yield running


def test_over_http_the_drive_does_what_its_model_does(server: RunningServer) -> None:
    require_proof(run(WireWorlds(server), EXAMPLES, STEPS, machine=WireMachine), WANTED)


def test_an_answer_that_is_wrong_is_noticed(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine believes no success that was none: here every lock is released behind its holder's back."""
    lock = WireOps.lock

    def forget(self: WireOps, who: str, place: object, *others: object) -> str:
        token = lock(self, who, place, *others)  # type: ignore[arg-type]
        self.unlock(who, place, token)  # type: ignore[arg-type]
        return token

    monkeypatch.setattr(WireOps, "lock", forget)
    with pytest.raises(AssertionError):
        run(WireWorlds(server), EXAMPLES, STEPS, machine=WireMachine)
