"""Whatever a process was doing when it was killed, it happened entirely or not at all, and nothing else is lost."""

from collections.abc import Iterator

import pytest

from tests.crash.chores import CHORES
from tests.crash.rig import Crashes, PromiseBroken
from tests.crash.scene import ACTIONS
from tests.support.memory_folder import memory_folder


@pytest.fixture(scope="module")
def crashes() -> Iterator[Crashes]:
    with memory_folder() as folder:
        rig = Crashes.start(folder)
        yield rig
        rig.stop()


SOMETHING = [action for action in ACTIONS if action != "nothing"]
SOME = ("PUT over a large file", "MOVE over a file", "complete an upload", "upkeep")
SOME_CHORES = ("second backup, and pruning", "import", "migration of the schema")
TROUBLES = [
    *(("the disk is full", action) for action in SOMETHING),
    *(("the disk is broken", action) for action in SOME),
    *(("no memory", action) for action in SOME),
]
KILLS, FAULTS, INTERRUPTIONS = 24, 8, 8
"""Of each action or chore, so many steps on every change; `python -m tests.night` has all steps and all troubles."""


@pytest.mark.parametrize("action", SOMETHING)
def test_killed_at_any_step_an_action_happened_entirely_or_not_at_all(crashes: Crashes, action: str) -> None:
    steps = crashes.kill_everywhere(action, most=KILLS)
    assert any("COMMIT" in step for step in steps), f"nothing was ever committed: {steps}"
    assert any("sqlite sync" in step for step in steps), f"nothing was ever durable: {steps}"


@pytest.mark.parametrize(("trouble", "action"), TROUBLES)
def test_trouble_at_any_step_changes_nothing_and_harms_nobody_else(crashes: Crashes, trouble: str, action: str) -> None:
    seen = crashes.trouble_everywhere(action, trouble, most=FAULTS)
    assert seen.total() > seen["answered"], f"nothing was ever refused: {seen}"


@pytest.mark.parametrize("chore", CHORES)
def test_killed_at_any_step_a_chore_harms_nothing_and_comes_to_its_end_the_next_time(
    crashes: Crashes, chore: str
) -> None:
    assert crashes.interrupt_everywhere(chore, most=INTERRUPTIONS)["killed"] > 3


@pytest.mark.parametrize("chore", SOME_CHORES)
@pytest.mark.parametrize("trouble", ["the disk is full", "the disk is broken"])
def test_trouble_at_any_step_of_a_chore_harms_nothing_and_the_next_time_it_comes_to_its_end(
    crashes: Crashes, trouble: str, chore: str
) -> None:
    seen = crashes.interrupt_everywhere(chore, trouble, most=INTERRUPTIONS)
    assert seen.total() > seen["answered"], f"nothing was ever refused: {seen}"


def test_one_step_can_be_had_again_by_its_name(crashes: Crashes) -> None:
    first, _ = crashes.act("MOVE of a tree", 0)
    name = next(step for step in first["steps"] if "sqlite sync" in step)
    answer, _ = crashes.act("MOVE of a tree", name)
    assert answer["killed"]
    assert answer["steps"] == first["steps"][: first["steps"].index(name) + 1]


def test_a_drive_that_answers_before_it_commits_is_caught(crashes: Crashes) -> None:
    with pytest.raises(PromiseBroken, match="is lost"):
        crashes.kill_everywhere("MOVE of a tree", "P1")


def test_a_chore_that_forgets_what_it_had_begun_is_caught(crashes: Crashes) -> None:
    """An export that writes its files under their own names from the first byte."""
    with pytest.raises(PromiseBroken, match="export"):
        crashes.interrupt_everywhere("export, half written")


def test_a_drive_that_names_bytes_before_they_are_stored_is_caught(crashes: Crashes) -> None:
    with pytest.raises(PromiseBroken):
        crashes.kill_everywhere("PUT over a large file", "P6")
