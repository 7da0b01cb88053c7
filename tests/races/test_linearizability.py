"""What clients hear of a file, of its locks and of conditional writes has one order, also when some of them die."""

from pathlib import Path

import pytest

from davdrive.drive.open import sqlite_url
from tests.races.histories import Recording, disorders, lacking, record, require_meeting
from tests.races.locked_file import Asked, Heard, State, operation, step
from tests.support.linear import Operation, is_linearizable
from tests.support.postgres import Postgres

SEEDS, STEPS, KILLS = range(7, 13), 200, 4
A = State("a")
DATABASES = ("sqlite", "postgresql")


def put(
    who: str, expected: str, new: str, began: float, ended: float, outcome: str = "done", token: str = ""
) -> Operation:
    return operation("put", Asked(who, (expected, new, token)), began, ended, Heard(outcome))


def unheard(who: str, expected: str, new: str, began: float) -> Operation:
    return operation("put", Asked(who, (expected, new, "")), began)


def get(content: str, began: float, ended: float) -> Operation:
    return operation("get", Asked("r"), began, ended, Heard("done", content))


def lock(who: str, began: float, ended: float, token: str, outcome: str = "done") -> Operation:
    return operation("lock", Asked(who), began, ended, Heard(outcome, token))


def of_token(what: str, who: str, token: str, began: float, ended: float, outcome: str = "done") -> Operation:
    return operation(what, Asked(who, (token,)), began, ended, Heard(outcome))


GOOD: dict[str, list[Operation]] = {
    "two writers of one content, one of them refused": [
        put("p", "a", "b", 0, 10),
        put("q", "a", "c", 1, 9, "PreconditionFailed"),
        get("a", 2, 3),
        get("b", 4, 5),
    ],
    "a write without an answer, seen later": [unheard("p", "a", "b", 0), get("a", 1, 2), get("b", 3, 4)],
    "a write without an answer, never seen": [unheard("p", "a", "b", 0), get("a", 1, 2), get("a", 3, 4)],
    "a lock that stops another and opens to its holder": [
        lock("p", 0, 1, "t"),
        put("q", "a", "b", 2, 3, "Locked"),
        lock("q", 2, 3, "", "LockConflict"),
        put("p", "a", "c", 4, 5, "done", "t"),
        of_token("refresh", "p", "t", 6, 7),
        of_token("unlock", "p", "t", 8, 9),
        lock("q", 10, 11, "u"),
    ],
    "a lock that nobody was told of": [
        operation("lock", Asked("p"), 0),
        put("q", "a", "b", 2, 3, "Locked"),
        operation("discover", Asked("p"), 4, 5, Heard("done", ("p", "t"))),
        of_token("unlock", "p", "t", 6, 7),
        put("q", "a", "b", 8, 9),
    ],
}
BAD: dict[str, list[Operation]] = {
    "a lost update": [put("p", "a", "b", 0, 10), put("q", "a", "c", 1, 9)],
    "a stale read": [put("p", "a", "b", 0, 1), get("a", 2, 3)],
    "a torn read": [put("p", "a", "bb", 0, 9), get("ba", 1, 2)],
    "back in time": [put("p", "a", "b", 0, 9), get("b", 1, 2), get("a", 3, 4)],
    "two exclusive locks": [lock("p", 0, 1, "t"), lock("q", 0, 1, "u")],
    "a write without the token": [lock("p", 0, 1, "t"), put("q", "a", "b", 2, 3)],
    "a write with the token after the unlock, past another's lock": [
        lock("p", 0, 1, "t"),
        of_token("unlock", "p", "t", 2, 3),
        lock("q", 4, 5, "u"),
        put("p", "a", "b", 6, 7, "done", "t"),
    ],
    "a lock that stays after its unlock": [
        lock("p", 0, 1, "t"),
        of_token("unlock", "p", "t", 2, 3),
        put("q", "a", "b", 4, 5, "Locked"),
    ],
    "a lock that a refresh resurrected": [
        lock("p", 0, 1, "t"),
        of_token("unlock", "p", "t", 2, 3),
        of_token("refresh", "p", "t", 4, 5),
    ],
    "a write that was seen before it was sent": [unheard("p", "a", "b", 5), get("b", 1, 2)],
    "a write without an answer that happened twice": [
        unheard("p", "a", "b", 0),
        get("b", 1, 2),
        put("q", "b", "a", 3, 4),
        get("b", 5, 6),
    ],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_the_checker_finds_an_order_where_there_is_one(history: list[Operation]) -> None:
    assert is_linearizable(history, A, step)


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_the_checker_finds_none_where_there_is_none(history: list[Operation]) -> None:
    assert not is_linearizable(history, A, step)


def test_a_recording_in_which_nobody_met_anybody_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="nothing was proved"):
        require_meeting(Recording(), 0)


def _recorded(
    database: str, folder: Path, seed: int, kills: int, request: pytest.FixtureRequest, *faults: str
) -> Recording:
    """What four processes hear of a drive that is made anew."""
    folder.mkdir()
    if database == "sqlite":
        return record(sqlite_url(folder), folder / "objects", seed, STEPS, kills, *faults)
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.fresh()
    try:
        return record(url, folder / "objects", seed, STEPS, kills, *faults)
    finally:
        postgres.drop(url)


@pytest.mark.parametrize("database", DATABASES)
def test_what_four_processes_hear_has_an_order(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every recording has; and there are more until one of them has everything in it."""
    for seed in SEEDS:
        recording = _recorded(database, tmp_path / str(seed), seed, KILLS, request)
        assert disorders(recording) == []
        if not lacking(recording, KILLS):
            return
    require_meeting(recording, KILLS)


@pytest.mark.parametrize("fault", ["check-then-act", "locks-first", "stale-reads"])
@pytest.mark.parametrize("database", DATABASES)
def test_what_a_drive_with_a_fault_says_has_none(
    database: str, fault: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In one recording of many, chance keeps everybody out of the gap of a fault; not in so many in a row."""
    assert any(disorders(_recorded(database, tmp_path / str(seed), seed, 0, request, fault)) for seed in SEEDS)
