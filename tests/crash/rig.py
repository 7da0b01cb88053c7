"""Killing each action at each step, and what must be true afterwards."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.rounds import run_round
from davdrive.upkeep.sweep import strays
from tests.crash.scene import AT_ONCE, build, close_scene, open_scene, state_of

PARTLY = {"upkeep"}
"""Actions of many commits: what people see stays, and the rest may be done in part."""

MOST_STEPS = 400
"""An action that takes more steps than this does not end."""


SAID = {
    "the disk is full": {"StorageFull"},
    "the disk is broken": {"Unavailable", "Damaged"},
    "no memory": {"MemoryError", "Unavailable"},
}
"""What a request may hear of each trouble."""


class PromiseBroken(AssertionError):
    """After a crash something was not as promised."""


@dataclass
class Crashes:
    """A scene that was built once, and a process that acts on copies of it."""

    folder: Path
    zygote: "subprocess.Popen[str]"

    @classmethod
    def start(cls, folder: Path) -> "Crashes":
        build(folder / "scene")
        words = [sys.executable, "-m", "tests.crash.zygote"]
        return cls(folder, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def stop(self) -> None:
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.close()
        self.zygote.stdout.close()
        self.zygote.wait(timeout=20)

    def act(self, action: str, at: int, fault: str = "none", trouble: str = "killed") -> tuple[dict[str, Any], Path]:
        """Let a process act on a fresh copy; what it said, and the data directory as it left it."""
        data_dir = self.folder / "copy"
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.copytree(self.folder / "scene", data_dir)
        order = {"data_dir": str(data_dir), "action": action, "at": at, "fault": fault, "trouble": trouble}
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.write(json.dumps(order) + "\n")
        self.zygote.stdin.flush()
        answer: dict[str, Any] = json.loads(self.zygote.stdout.readline())
        return answer, data_dir

    def kill_everywhere(self, action: str, fault: str = "none") -> list[str]:
        """Kill the action at its first step, its second, and so on until it ends alive. Its steps.

        Raises PromiseBroken.
        """
        past = action not in PARTLY
        before = self._state(self.folder / "scene", past)
        whole, data_dir = self.act(action, 0, fault)
        assert whole["answered"], f"{action} failed by itself: {whole}"
        after = self._state(data_dir, past)
        for kill_at in range(1, MOST_STEPS):
            answer, data_dir = self.act(action, kill_at, fault)
            if not answer["killed"]:
                assert kill_at > 2, "nothing was killed: the run proves nothing"
                assert answer["status"] == 0, answer
                break
            where = f"{action}, killed before step {kill_at} after {answer['steps'][-3:]}"
            self._judge(where, data_dir, answer["answered"], before, after, past)
        steps: list[str] = whole["steps"]
        return steps

    def trouble_everywhere(self, action: str, trouble: str) -> Counter[str]:
        """Let one thing go wrong at each step of the action, in a process that goes on afterwards. What it answered.

        Raises PromiseBroken.
        """
        past = action not in PARTLY
        _, data_dir = self.act("nothing", 0, trouble=trouble)
        before = self._state(data_dir, past)
        whole, data_dir = self.act(action, 0, trouble=trouble)
        assert whole["answered"], f"{action} failed by itself: {whole}"
        after, seen = self._state(data_dir, past), Counter[str]()
        for at in range(1, len(whole["steps"]) + 1):
            answer, data_dir = self.act(action, at, trouble=trouble)
            where = f"{action}, {trouble} at step {at}, {answer['steps'][at - 1 : at]}"
            _hold(answer["went_on"], f"{where}: the process did not go on")
            _hold(answer["answered"] or answer["refused"] in SAID[trouble], f"{where}: {answer['refused']}")
            seen[answer["refused"] or "answered"] += 1
            self._judge(where, data_dir, answer["answered"], before, after, past)
        return seen

    def _state(self, data_dir: Path, past: bool) -> list[Any]:
        backend = open_scene(data_dir)
        state = state_of(backend, past)
        close_scene(backend)
        return state

    def _judge(self, where: str, data_dir: Path, answered: bool, before: Any, after: Any, past: bool) -> None:
        """P1, P2, and by `davdrive check` P5, P6 and P8."""
        backend = open_scene(data_dir)
        try:
            state = state_of(backend, past)
            _hold(state in (before, after), f"{where}: half of it happened (P2)")
            _hold(not answered or state == after, f"{where}: it was answered, and is lost (P1)")
            found = [each.message for each in check(backend, CheckOptions(read_data=True))]
            _hold(not found, f"{where}: {found}")
            run_round(backend, AT_ONCE, whole=True)
            found = [each.message for each in check(backend, CheckOptions(read_data=True))]
            _hold(not found, f"{where}, then upkeep: {found}")
            _hold(not list(strays(backend, AT_ONCE)), f"{where}: upkeep leaves objects that nobody names")
        finally:
            close_scene(backend)


def _hold(what: bool, otherwise: str) -> None:
    if not what:
        raise PromiseBroken(otherwise)
