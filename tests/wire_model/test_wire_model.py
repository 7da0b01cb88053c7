"""Over HTTP the drive does what its model does."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.model.proof import Rules, require_proof, table
from tests.model.run import SEED, run, run_until_proof
from tests.model.world import USERS
from tests.support.serving import RunningServer, running_server
from tests.support.tampering import Tampering, honest, tampering
from tests.wire_model.faults import FAULTS, FAULTS_OF_OURS
from tests.wire_model.machine import WIRE_RULES, WireMachine
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


@pytest.fixture(scope="module")
def proxy(server: RunningServer) -> Iterator[Tampering]:
    with tampering(server.address) as running:
        yield running


def test_a_proxy_that_is_honest_is_not_noticed(server: RunningServer, proxy: Tampering) -> None:
    proxy.fault = honest
    run(WireWorlds(server, proxy.address), 4, STEPS, machine=WireMachine, begin_with=SEED)
    assert proxy.struck == 0


@pytest.mark.parametrize("fault", FAULTS | FAULTS_OF_OURS)
def test_what_goes_wrong_on_the_wire_is_noticed(server: RunningServer, proxy: Tampering, fault: str) -> None:
    proxy.fault = (FAULTS | FAULTS_OF_OURS)[fault]
    with pytest.raises(AssertionError):
        run(WireWorlds(server, proxy.address), 4 * EXAMPLES, STEPS, machine=WireMachine, begin_with=SEED)
