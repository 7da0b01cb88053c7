"""The same requests to davdrive and to Apache's mod_dav: two servers that were written apart from each other agree, and
where they do not, a text says which of them is right (`differences.py`)."""

from collections.abc import Iterator

import pytest

from tests.model.run import SEED
from tests.support.dav import lockinfo
from tests.support.http import Client
from tests.support.serving import running_server
from tests.wire_model.apache import running_apache
from tests.wire_model.beside import Disagreement, Side, compare, compare_many, require_agreement
from tests.wire_model.differences import DIFFERENCES, Difference, Step

SEQUENCES = 120


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


FAULTS = {
    "a copy forgets its members": ({"Depth": "0"}, [Step("COPY", "a", "b")]),
    "Overwrite is not heeded": ({"Overwrite": "F"}, [Step("MOVE", "a/b/c d", "\u00e9", headers={})]),
    "a range is another one": ({"Range": "bytes=0-1"}, [Step("GET", "\u00e9")]),
    "every condition fails": ({"If-Match": '"no"'}, [Step("PUT", "\u00e9", body=b"new")]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_does_otherwise_is_noticed(both: tuple[Client, Client], fault: str) -> None:
    """As a client of davdrive alone that sends a header with everything but what makes the first tree."""
    fixed, sequence = FAULTS[fault]
    spoiled = Client(both[0].address, both[0].user, both[0].password, both[0].base, fixed)
    with pytest.raises(AssertionError):
        compare((spoiled, both[1]), "other", sequence)


def test_a_lock_that_is_not_heeded_is_noticed(both: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch) -> None:
    """davdrive's lock is given back at once."""
    do = Side.do

    def forget(side: Side, step: Step) -> object:
        answer = do(side, step)
        if step.method == "LOCK" and side.client.address == both[0].address:
            root, token = side.tokens[-1]
            side.client.do("UNLOCK", root, b"", {"Lock-Token": f"<{token}>"})
        return answer

    monkeypatch.setattr(Side, "do", forget)
    locked = Step("LOCK", "a", body=lockinfo(), headers={"Depth": "infinity"})
    with pytest.raises(Disagreement):
        compare(both, "unlocked", [locked, Step("PUT", "a/new", body=b"new")])
