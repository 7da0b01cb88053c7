"""Whatever a process was doing when it was killed, it happened entirely or not at all, and nothing else is lost."""

from collections.abc import Iterator

import pytest

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
TROUBLES = [
    *(("the disk is full", action) for action in SOMETHING),
    *(("the disk is broken", action) for action in SOME),
    *(("no memory", action) for action in SOME),
]
"""On every change; `python -m tests.night` has all of them."""


@pytest.mark.parametrize("action", SOMETHING)
def test_killed_at_any_step_an_action_happened_entirely_or_not_at_all(crashes: Crashes, action: str) -> None:
    steps = crashes.kill_everywhere(action)
    assert any("COMMIT" in step for step in steps), f"nothing was ever committed: {steps}"


@pytest.mark.parametrize(("trouble", "action"), TROUBLES)
def test_trouble_at_any_step_changes_nothing_and_harms_nobody_else(crashes: Crashes, trouble: str, action: str) -> None:
    seen = crashes.trouble_everywhere(action, trouble)
    assert seen.total() > seen["answered"], f"nothing was ever refused: {seen}"


def test_a_drive_that_answers_before_it_commits_is_caught(crashes: Crashes) -> None:
    with pytest.raises(PromiseBroken, match="is lost"):
        crashes.kill_everywhere("MOVE of a tree", "P1")


def test_a_drive_that_names_bytes_before_they_are_stored_is_caught(crashes: Crashes) -> None:
    with pytest.raises(PromiseBroken):
        crashes.kill_everywhere("PUT over a large file", "P6")
