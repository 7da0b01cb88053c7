"""The same requests to davdrive and to Apache's mod_dav: two servers that were written apart from each other agree, and
where they do not, a text says which of them is right (`differences.py`)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.model.run import SEED
from tests.support.http import Answer, Client
from tests.support.serving import running_server
from tests.support.tampering import Fault, Forward, Request, Tampering, honest, tampering
from tests.wire_model.apache import running_apache
from tests.wire_model.beside import Disagreement, compare, compare_many, require_agreement
from tests.wire_model.differences import DIFFERENCES, Difference
from tests.wire_model.faults import FAULTS

SEQUENCES = 120
TOP_NAMES = 2
"""Of the path of a collection that a sequence of requests has for itself."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Client]]:
    folder = tmp_path_factory.mktemp("beside-apache") / "data"
    with running_apache() as apache, running_server(folder) as server:
        yield server.client("bob"), apache


def test_davdrive_and_apache_agree(both: tuple[Client, Client]) -> None:
    seen = compare_many(both, SEQUENCES, SEED)
    for more in range(1, 4):
        try:
            require_agreement(seen)
        except AssertionError:
            seen += compare_many(both, SEQUENCES // 3, SEED + more)
    require_agreement(seen)
    print(dict(sorted(seen.items())))


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.name)
def test_a_difference_on_purpose_is_one(both: tuple[Client, Client], difference: Difference) -> None:
    seen = compare(both, "difference", list(difference.shown_by))
    assert seen[f"on purpose: {difference.name}"] == 1, seen


@pytest.fixture(scope="module")
def proxy(both: tuple[Client, Client]) -> Iterator[Tampering]:
    with tampering(both[0].address) as running:
        yield running


def _through(proxy: Tampering, both: tuple[Client, Client], fault: Fault) -> tuple[Client, Client]:
    """Both, with davdrive behind the proxy. What is done to a sequence's own collection arrives as it is; each request
    has a connection of its own, so what the fault remembers is kept here."""
    kept: list[Answer] = []

    def deep(request: Request, forward: Forward, _: list[Answer]) -> Answer:
        return fault(request, forward, kept) if request.path.count("/") > TOP_NAMES else forward(request)

    proxy.fault = deep
    return replace(both[0], address=proxy.address), both[1]


def test_a_proxy_that_is_honest_is_not_noticed(both: tuple[Client, Client], proxy: Tampering) -> None:
    compare_many(_through(proxy, both, honest), 5, SEED)
    assert proxy.struck == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_on_the_wire_is_noticed(both: tuple[Client, Client], proxy: Tampering, fault: str) -> None:
    seed = SEED + 1 + [*FAULTS].index(fault)
    with pytest.raises(Disagreement):
        compare_many(_through(proxy, both, FAULTS[fault]), SEQUENCES, seed)
