"""Killing each action at each step, and what must be true afterwards."""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.rounds import run_round
from davdrive.upkeep.sweep import strays
from tests.crash.chores import CHORES, PLANTED, Act, Chore, tree_of
from tests.crash.scene import ACTIONS, AT_ONCE, DATABASE_NAME, build, close_scene, open_scene, state_of
from tests.support.postgres import Postgres

PARTLY = {"upkeep"}
"""Actions of many commits: what people see stays, and the rest may be done in part."""

SETTLE_S = 20.0
"""How long a backend of PostgreSQL may take to end after its client."""

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
    postgres: Postgres | None = None
    copied: str = ""

    @classmethod
    def start(cls, folder: Path, postgres: Postgres | None = None) -> "Crashes":
        """With `postgres` the metadata are there."""
        if postgres is not None:
            (folder / "scene").mkdir()
            (folder / "scene" / DATABASE_NAME).write_text(postgres.fresh())
        build(folder / "scene")
        words = [sys.executable, "-m", "tests.crash.zygote"]
        return cls(folder, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True), postgres)

    def stop(self) -> None:
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.close()
        self.zygote.stdout.close()
        self.zygote.wait(timeout=20)
        if self.postgres is not None:
            self.postgres.drop(self.copied)
            self.postgres.drop((self.folder / "scene" / DATABASE_NAME).read_text())

    def _copy(self) -> Path:
        """A fresh copy of the scene."""
        data_dir = self.folder / "copy"
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.copytree(self.folder / "scene", data_dir)
        if self.postgres is not None:
            if self.copied:
                self.postgres.drop(self.copied)
            self.copied = self.postgres.copy((self.folder / "scene" / DATABASE_NAME).read_text())
            (data_dir / DATABASE_NAME).write_text(self.copied)
        return data_dir

    def _settle(self) -> None:
        """What a killed client had sent is done or dropped when its backends have gone."""
        until = time.monotonic() + SETTLE_S
        while self.postgres is not None and self.postgres.connections(self.copied):
            assert time.monotonic() < until, "a backend did not notice that its client is gone"
            time.sleep(0.005)

    def act(
        self, action: str, at: int | str, fault: str = "none", trouble: str = "killed", only_prepared: bool = False
    ) -> tuple[dict[str, Any], Path]:
        """Let a process act on a fresh copy; what it said, and the data directory as it left it."""
        data_dir = self._copy()
        order = {
            "data_dir": str(data_dir),
            "action": action,
            "at": at,
            "fault": fault,
            "trouble": trouble,
            "only_prepared": only_prepared,
        }
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.write(json.dumps(order) + "\n")
        self.zygote.stdin.flush()
        answer: dict[str, Any] = json.loads(self.zygote.stdout.readline())
        self._settle()
        return answer, data_dir

    def kill_everywhere(self, action: str, fault: str = "none", most: int = 0) -> list[str]:
        """Kill the action at one step after the other. Its steps; `most`: as in `chosen`.

        Raises PromiseBroken.
        """
        past = action not in PARTLY
        before = self._state(self.folder / "scene", past)
        whole, data_dir = self.act(action, 0, fault)
        assert whole["answered"], f"{action} failed by itself: {whole}"
        after = self._state(data_dir, past)
        killed = 0
        for kill_at in chosen(whole["steps"], most):
            answer, data_dir = self.act(action, kill_at, fault)
            assert answer["killed"] or answer["status"] == 0, answer
            killed += answer["killed"]
            where = f"{action}, killed before {again(action, answer, kill_at, 'killed')}"
            self._judge(where, data_dir, answer["answered"], before, after, past)
        assert killed, "nothing was killed: the run proves nothing"
        steps: list[str] = whole["steps"]
        return steps

    def trouble_everywhere(self, action: str, trouble: str, most: int = 0) -> Counter[str]:
        """Let one thing go wrong at one step of the action after the other, in a process that goes on afterwards. What
        it answered.

        Raises PromiseBroken.
        """
        past = action not in PARTLY
        _, data_dir = self.act("nothing", 0, trouble=trouble)
        before = self._state(data_dir, past)
        whole, data_dir = self.act(action, 0, trouble=trouble)
        assert whole["answered"], f"{action} failed by itself: {whole}"
        after, seen = self._state(data_dir, past), Counter[str]()
        for at in chosen(whole["steps"], most):
            answer, data_dir = self.act(action, at, trouble=trouble)
            where = f"{action}, {trouble} at {again(action, answer, at, trouble)}"
            _hold(answer["went_on"], f"{where}: the process did not go on")
            _hold(answer["answered"] or answer["refused"] in SAID[trouble], f"{where}: {answer['refused']}")
            seen[answer["refused"] or "answered"] += 1
            self._judge(where, data_dir, answer["answered"], before, after, past)
        return seen

    def interrupt_everywhere(self, name: str, trouble: str = "killed", most: int = 0) -> Counter[str]:
        """Interrupt a chore at one step after the other, and do it again each time. What it said.

        Raises PromiseBroken.
        """
        chore = {**CHORES, **PLANTED}[name]
        _, data_dir = self.act(name, 0, only_prepared=True)
        before = self._look(data_dir, _everything) if chore.clean else {}
        whole, data_dir = self.act(name, 0)
        assert whole["answered"], f"{name} failed by itself: {whole}"
        wanted, seen = self._look(data_dir, chore.outcome), Counter[str]()
        for at in chosen(whole["steps"], most):
            answer, data_dir = self.act(name, at, trouble=trouble)
            seen["killed" if answer["killed"] else answer["refused"] or "answered"] += 1
            self._judge_chore(
                f"{name}, {trouble} at {again(name, answer, at, trouble)}", data_dir, chore, before, wanted
            )
        return seen

    def judge_one(self, action: str, step: str, trouble: str) -> None:
        """Have one step again, by its name. Raises PromiseBroken."""
        steps = self.act(action, 0)[0]["steps"]
        number = steps.index(step) + 1
        with patch(f"{__name__}.chosen", lambda *_: [number]):
            if action not in ACTIONS:
                self.interrupt_everywhere(action, trouble)
            elif trouble == "killed":
                self.kill_everywhere(action)
            else:
                self.trouble_everywhere(action, trouble)

    def _judge_chore(self, where: str, data_dir: Path, chore: Chore, before: Any, wanted: Any) -> None:
        backend = open_scene(data_dir)
        try:
            if chore.clean:
                _is_clean(where, backend)
                now = _everything(backend, data_dir)
                _hold(before.items() <= now.items(), f"{where}: something that was there is lost (P1)")
            chore.always(backend, data_dir)
            chore.act(backend, data_dir)
            _hold(chore.outcome(backend, data_dir) == wanted, f"{where}, and again: it did not come to its end")
            _is_clean(f"{where}, and again", backend)
        except PromiseBroken:
            raise
        except Exception as error:
            raise PromiseBroken(f"{where}: {type(error).__name__}: {error}") from error
        finally:
            close_scene(backend)

    def _look(self, data_dir: Path, at: Act) -> Any:
        backend = open_scene(data_dir)
        try:
            return at(backend, data_dir)
        finally:
            close_scene(backend)

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
            _is_clean(where, backend)
            run_round(backend, AT_ONCE, whole=True)
            _is_clean(f"{where}, then upkeep", backend)
            _hold(not list(strays(backend, AT_ONCE)), f"{where}: upkeep leaves objects that nobody names")
        finally:
            close_scene(backend)


def chosen(steps: list[str], most: int) -> list[int]:
    """The numbers of at most `most` steps to interrupt, from 1 (0: every one): of each kind, which is where the same
    function does the same, the first and the last, then evenly spread."""
    if not most:
        return [*range(1, len(steps) + 1)]
    kinds = [step.rpartition(" #")[0] for step in steps]
    first = {kind: at for at, kind in reversed([*enumerate(kinds, 1)])}
    last = {kind: at for at, kind in enumerate(kinds, 1)}
    numbers = sorted({*first.values(), *last.values()})
    stride = max(1.0, len(numbers) / most)
    return sorted({numbers[int(at * stride)] for at in range(min(most, len(numbers)))} | {numbers[-1]})


def _is_clean(where: str, backend: Backend) -> None:
    found = [each.message for each in check(backend, CheckOptions(read_data=True))]
    _hold(not found, f"{where}: {found}")


def _everything(backend: Backend, _: Path) -> dict[str, bytes | None]:
    return {**tree_of(backend, DrivePath("d")), **tree_of(backend, DrivePath("e"))}


def again(action: str, answer: dict[str, Any], at: int, trouble: str) -> str:
    """The name of a step, and how to run that one alone."""
    name = answer["steps"][at - 1] if at <= len(answer["steps"]) else f"step {at}"
    return f"{name} (again: python -m tests.crash {action!r} {name!r} --trouble {trouble!r})"


def _hold(what: bool, otherwise: str) -> None:
    if not what:
        raise PromiseBroken(otherwise)
