"""What clients hear of a file, of its locks and of conditional writes has one order, also when some of them die."""

from pathlib import Path

import pytest

from davdrive.drive.open import sqlite_url
from tests.races.histories import disorders, record
from tests.races.linear import UNKNOWN, Event, State, is_linearizable

SEED, STEPS, KILLS = 7, 200, 4
A = State("a")


def put(who: str, expected: str, new: str, began: float, ended: float, outcome: str = "done", token: str = "") -> Event:
    return Event(who, "put", (expected, new, token), began, ended, outcome)


def get(content: str, began: float, ended: float) -> Event:
    return Event("r", "get", (), began, ended, "done", content)


def test_the_checker_finds_an_order_where_there_is_one() -> None:
    overlapping = [
        put("p", "a", "b", 0, 10),
        put("q", "a", "c", 1, 9, "PreconditionFailed"),
        get("a", 2, 3),
        get("b", 4, 5),
    ]
    assert is_linearizable(overlapping, A)
    unheard = Event("p", "put", ("a", "b", ""), 0)
    assert unheard.outcome == UNKNOWN
    assert is_linearizable([unheard, get("a", 1, 2), get("b", 3, 4)], A)
    assert is_linearizable([unheard, get("a", 1, 2), get("a", 3, 4)], A)
    locked = Event("p", "lock", (), 0, 1, "done", "t")
    assert is_linearizable([locked, put("q", "a", "b", 2, 3, "Locked"), put("p", "a", "c", 4, 5, "done", "t")], A)


@pytest.mark.parametrize(
    "history",
    [
        [put("p", "a", "b", 0, 10), put("q", "a", "c", 1, 9)],
        [put("p", "a", "b", 0, 1), get("a", 2, 3)],
        [put("p", "a", "b", 0, 9), get("b", 1, 2), get("a", 3, 4)],
        [Event("p", "lock", (), 0, 1, "done", "t"), Event("q", "lock", (), 0, 1, "done", "u")],
        [Event("p", "lock", (), 0, 1, "done", "t"), put("q", "a", "b", 2, 3)],
        [
            Event("p", "lock", (), 0, 1, "done", "t"),
            Event("p", "unlock", ("t",), 2, 3, "done"),
            put("q", "a", "b", 4, 5, "Locked"),
        ],
        [Event("p", "put", ("a", "b", ""), 5), get("b", 1, 2)],
    ],
    ids=["a lost update", "a stale read", "back in time", "two locks", "past a lock", "a ghost of a lock", "too early"],
)
def test_the_checker_finds_none_where_there_is_none(history: list[Event]) -> None:
    assert not is_linearizable(history, A)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_four_processes_hear_has_an_order(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    recording = record(url, tmp_path / "objects", SEED, STEPS, KILLS)
    assert disorders(recording) == []
    for needed in ("put done", "put PreconditionFailed", "put Locked", "lock done", "lock LockConflict", "unlock done"):
        assert recording.tally[needed], f"nothing was proved about {needed}: {recording.tally}"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_drive_that_judges_before_its_transactions_has_none(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    recording = record(url, tmp_path / "objects", SEED, STEPS, 0, "check-then-act")
    assert disorders(recording)
