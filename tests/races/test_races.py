"""Every two changes at the same time end as if one had come after the other."""

from pathlib import Path

import pytest

from davdrive.drive.open import sqlite_url
from tests.races.rig import RaceLost, race_all, require_races, track
from tests.support.memory_folder import memory_folder

SEED = 20261123


def test_on_sqlite_two_processes_change_a_drive_in_some_order() -> None:
    with memory_folder() as folder, track(sqlite_url(folder), folder / "objects", SEED) as course:
        race_all(course)
    require_races(course.tally)


def test_on_postgresql_two_processes_change_a_drive_in_some_order(postgres_url: str, tmp_path: Path) -> None:
    with track(postgres_url, tmp_path / "objects", SEED) as course:
        race_all(course)
    require_races(course.tally)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_drive_that_judges_before_its_transactions_is_caught(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    with track(url, tmp_path / "objects", SEED, "check-then-act") as course, pytest.raises((RaceLost, AssertionError)):
        race_all(course, rounds=5)
