"""A client of PostgreSQL killed before each statement, while its COMMIT is under way, and behind it."""

from collections.abc import Iterator

import pytest

from tests.crash.rig import Crashes, PromiseBroken
from tests.support.memory_folder import memory_folder
from tests.support.postgres import Postgres

SOME = ("PUT over a large file", "MOVE over a tree on another drive", "LOCK", "complete an upload", "upkeep")
KILLS = 8
"""On every change; `python -m tests.night` has all actions and all steps."""


@pytest.fixture(scope="module")
def crashes(postgres: Postgres) -> Iterator[Crashes]:
    with memory_folder() as folder:
        rig = Crashes.start(folder, postgres)
        yield rig
        rig.stop()


@pytest.mark.parametrize("action", SOME)
def test_killed_at_any_step_an_action_happened_entirely_or_not_at_all(crashes: Crashes, action: str) -> None:
    steps = crashes.kill_everywhere(action, most=KILLS)
    assert any("committing" in step for step in steps), f"nothing was ever committed: {steps}"


def test_a_drive_that_answers_before_it_commits_is_caught(crashes: Crashes) -> None:
    with pytest.raises(PromiseBroken, match="is lost"):
        crashes.kill_everywhere("MOVE of a tree", "P1")
