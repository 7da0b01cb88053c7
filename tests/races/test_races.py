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
    require_races(course)


def test_on_postgresql_two_processes_change_a_drive_in_some_order(postgres_url: str, tmp_path: Path) -> None:
    with track(postgres_url, tmp_path / "objects", SEED) as course:
        race_all(course, both=False)
    require_races(course)


@pytest.mark.parametrize("fault", ["check-then-act", "locks-first"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_drive_that_judges_before_its_transactions_is_caught(
    database: str, fault: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    with track(url, tmp_path / "objects", SEED, fault) as course, pytest.raises((RaceLost, AssertionError)):
        race_all(course)


def test_changes_that_never_met_prove_nothing(tmp_path: Path) -> None:
    with track(sqlite_url(tmp_path), tmp_path / "objects", SEED) as course:
        course.race("DELETE a", "LOCK a, infinity")
    with pytest.raises(AssertionError, match="never under way together"):
        require_races(course)
