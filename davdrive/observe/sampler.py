"""A sampling profile of this process, taken from inside: no rights to trace a process are needed for that.

A thread looks at the stacks of all others some hundred times a second. Each stack counts for the processor time that
its thread spent since it was last looked at, so that threads which wait count for nothing.
"""

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType

DEEPEST = 200
"""Frames of one stack that are told apart; the outer ones beyond are left out."""
Stacks = Counter[str]
"""Microseconds of processor time by stack, outermost first, joined by `;`: the collapsed form of flame graphs."""


class Sampler:
    """Samples for `seconds`, `per_s` times a second, then calls `done` with the stacks in its own thread.

    `wall`: count the time that passed instead, for threads that wait as well.
    """

    def __init__(self, seconds: float, per_s: int, done: Callable[[Stacks], None], wall: bool = False) -> None:
        self._thread = threading.Thread(target=self._run, name="davdrive-sampler", daemon=True)
        self._seconds = seconds
        self._pause_s = 1 / per_s
        self._done = done
        self._wall = wall
        self._spent: dict[int, int] = {}
        self._names: dict[CodeType, str] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        stacks: Stacks = Counter()
        ends = time.monotonic() + self._seconds
        before = time.monotonic_ns()
        self._look(Counter(), 0)
        while time.monotonic() < ends:
            time.sleep(self._pause_s)
            now = time.monotonic_ns()
            self._look(stacks, now - before)
            before = now
        self._done(stacks)

    def _look(self, stacks: Stacks, passed_ns: int) -> None:
        threads = {thread.ident: thread for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            thread = threads.get(ident)
            if thread is None or thread is self._thread or thread.native_id is None:
                continue
            spent_ns = passed_ns if self._wall else self._cpu_ns(thread.native_id)
            if spent_ns >= 1000:
                stacks[";".join(self._stack(frame))] += spent_ns // 1000

    def _cpu_ns(self, thread: int) -> int:
        """Processor time of a thread since the last look."""
        total = self._spent.get(thread, 0)
        with contextlib.suppress(OSError):
            total = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0])
        before = self._spent.get(thread, total)
        self._spent[thread] = total
        return total - before

    def _stack(self, frame: FrameType | None) -> list[str]:
        found: list[str] = []
        while frame is not None and len(found) < DEEPEST:
            found.append(self._name(frame))
            frame = frame.f_back
        return found[::-1]

    def _name(self, frame: FrameType) -> str:
        code = frame.f_code
        name = self._names.get(code)
        if name is None:
            module = frame.f_globals.get("__name__", "?")
            name = self._names[code] = f"{module}.{code.co_qualname}".replace(";", ":").replace(" ", "")
        return name


def collapsed(stacks: Stacks) -> str:
    """One line a stack with its microseconds: what flame graph programs and speedscope read."""
    return "".join(f"{stack} {count}\n" for stack, count in sorted(stacks.items()))


def parsed(text: str) -> Iterator[tuple[str, int]]:
    """The stacks of such lines."""
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        yield stack, int(count)
