"""Asking live processes for a profile, through files in a folder that only their user may write to.

Whoever may write there asks; every process that looks takes a profile and lays it down. So it reaches all workers at
once, needs no port and no password, and works while the server is too busy to answer.
"""

import json
import os
import secrets
import time
from collections import Counter
from pathlib import Path

from davdrive.folders import make_private_folder
from davdrive.observe.sampler import Sampler, Stacks, collapsed, parsed

FOLDER = "profile"
"""Where in `run_dir` questions and answers lie."""
STALE_S = 10.0
"""An older question was asked of somebody else."""


class Desk:
    """The answering side: call `look` a few times a second."""

    def __init__(self, folder: Path, longest_s: float, per_s: int) -> None:
        self._folder = folder
        self._longest_s = longest_s
        self._per_s = per_s
        self._seen = 0
        self._answered: set[str] = set()

    def look(self) -> None:
        """Begin a profile if one was asked for since the last look. Costs a system call."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            return
        if changed == self._seen:
            return
        self._seen = changed
        for question in self._folder.glob("*.ask"):
            if question.stem not in self._answered:
                self._answered.add(question.stem)
                self._begin(question)

    def _begin(self, question: Path) -> None:
        try:
            asked = json.loads(question.read_text())
            fresh = time.time() - question.stat().st_mtime < STALE_S
            seconds, wall = min(float(asked["seconds"]), self._longest_s), bool(asked["wall"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if not fresh:
            return
        name = f"{question.stem}.{os.getpid()}"
        (self._folder / f"{name}.begun").touch(0o600)
        Sampler(seconds, self._per_s, lambda stacks: self._lay_down(name, stacks), wall).start()

    def _lay_down(self, name: str, stacks: Stacks) -> None:
        draft = self._folder / f"{name}.draft"
        draft.write_text(collapsed(stacks))
        draft.rename(self._folder / f"{name}.stacks")


class Question:
    """The asking side."""

    def __init__(self, folder: Path, seconds: float, wall: bool) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._id = secrets.token_hex(6)
        draft = folder / f"{self._id}.draft"
        draft.write_text(json.dumps({"seconds": seconds, "wall": wall}))
        draft.rename(folder / f"{self._id}.ask")

    def begun(self) -> int:
        """How many processes have begun a profile."""
        return len(list(self._folder.glob(f"{self._id}.*.begun")))

    def answers(self) -> list[Path]:
        """What they have laid down so far."""
        return sorted(self._folder.glob(f"{self._id}.*.stacks"))

    def stacks(self) -> Stacks:
        """All answers added up."""
        total: Stacks = Counter()
        for answer in self.answers():
            for stack, count in parsed(answer.read_text()):
                total[stack] += count
        return total

    def close(self) -> None:
        """Remove every trace of it."""
        for file in self._folder.glob(f"{self._id}.*"):
            file.unlink(missing_ok=True)
