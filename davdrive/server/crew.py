"""The supervisor's workers: forking one, hearing that it is ready, noticing that it ended."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from davdrive.observe.metrics import record
from davdrive.server.board import Board
from davdrive.server.worker import READY, become_worker

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
"""What the supervisor handles, and a worker must not inherit."""

Run = Callable[[int, int], int]
"""Serve with (board row, descriptor for the sign of readiness); returns the exit status."""


class Stage(Enum):
    """A worker starts, serves, and drains; it may end in each of them."""

    STARTING = "starting"
    SERVING = "serving"
    RETIRING = "retiring"


@dataclass(eq=False)
class Member:
    """One worker process. `since` is the monotonic time of its stage."""

    pid: int
    row: int
    ready_fd: int
    stage: Stage = Stage.STARTING
    since: float = field(default_factory=time.monotonic)
    replaces: "Member | None" = None
    stuck: bool = False

    def enter(self, stage: Stage) -> None:
        """Change the stage."""
        self.stage = stage
        self.since = time.monotonic()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; a process that has just ended does not mind."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Crew:
    """All workers that live."""

    def __init__(self, board: Board, run: Run, in_child: Callable[[], None], places: int) -> None:
        self._board, self._run, self._in_child, self._places = board, run, in_child, places
        self.members: list[Member] = []

    def start(self, replaces: Member | None = None) -> Member:
        """Fork one more worker."""
        place = self._free_place() if replaces is None else replaces.row % self._places
        row = self._board.allot({member.row for member in self.members}, place, self._places)
        hear, say = os.pipe()
        # Blocked around the fork, so that no signal meets the supervisor's handlers in the child.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        pid = os.fork()
        if pid == 0:
            self._begin_child(hear, before)
            become_worker(lambda: self._run(row, say))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(say)
        os.set_blocking(hear, False)
        member = Member(pid, row, hear, replaces=replaces)
        self.members.append(member)
        record().worker_started()
        return member

    def _free_place(self) -> int:
        """The place that the fewest workers fill, those that retire not counted: each place is a core of its own."""
        filled = [member.row % self._places for member in self.members if member.stage is not Stage.RETIRING]
        return min(range(self._places), key=filled.count)

    def _begin_child(self, hear: int, mask: set[signal.Signals | int]) -> None:
        """A fresh worker lets go of what is the supervisor's."""
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        os.close(hear)
        for other in self.members:
            if other.ready_fd >= 0:
                os.close(other.ready_fd)
        self._in_child()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def in_stage(self, stage: Stage) -> list[Member]:
        """The workers in a stage."""
        return [member for member in self.members if member.stage is stage]

    def awaited(self) -> list[Member]:
        """The starting workers that may still say that they are ready."""
        return [member for member in self.in_stage(Stage.STARTING) if member.ready_fd >= 0]

    def hear(self, member: Member) -> bool:
        """Has a starting worker become ready? It serves from then on. One that ended is not heard again."""
        try:
            data = os.read(member.ready_fd, 1)
        except BlockingIOError:
            return False
        os.close(member.ready_fd)
        member.ready_fd = -1
        if data == READY:
            member.enter(Stage.SERVING)
        return data == READY

    def reap(self) -> list[tuple[Member, int]]:
        """The workers that have ended since the last call, with their wait status."""
        ended = []
        for member in list(self.members):
            pid, status = os.waitpid(member.pid, os.WNOHANG)
            if pid:
                ended.append((member, status))
                self._remove(member)
        return ended

    def _remove(self, member: Member) -> None:
        self.members.remove(member)
        self._board.clear(member.row)
        if member.ready_fd >= 0:
            os.close(member.ready_fd)

    def hung(self, hang_s: float) -> list[Member]:
        """Serving or draining workers that gave no sign of life for `hang_s`."""
        now = time.monotonic()
        quiet = [member for member in self.members if member.stage is not Stage.STARTING]
        return [member for member in quiet if now - max(self._board.row(member.row).beat, member.since) > hang_s]
