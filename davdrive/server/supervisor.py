"""Several worker processes on one listening socket: started, restarted, rolled over, drained.

Workers are forked, not executed anew: the modules that they share are loaded once, a new worker serves within
milliseconds, and the listening socket needs no passing. What makes forking dangerous is kept out of the supervisor: it
has one thread and opens no database; each worker makes its `Site` after the fork, so that SIGHUP reads settings and
certificates again simply by replacing the workers one after another. The supervisor keeps the socket open all the time:
what the kernel has queued on it outlives every worker.
"""

import gc
import logging
import os
import select
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass
from types import FrameType

from davdrive.observe.metrics import record
from davdrive.server.board import Board
from davdrive.server.crew import HANDLED, Crew, Member, Stage
from davdrive.server.notify import Notifier
from davdrive.server.worker import MakeSite, run_worker

LOG = logging.getLogger("davdrive.server")


@dataclass(frozen=True, slots=True)
class SupervisorLimits:
    """Times in seconds."""

    ready_s: float = 60.0
    """How long a worker may take until it accepts; migrations run before it starts."""
    restart_first_s: float = 0.1
    """The pause before a worker that died is replaced; it doubles with each death in a row."""
    restart_most_s: float = 10.0
    """The longest such pause."""
    steady_s: float = 30.0
    """A worker that lived this long before it died does not count as one in a row."""
    drain_s: float = 40.0
    """How long a worker may drain before it is killed: its own drain_s and some more."""
    hang_s: float = 60.0
    """A worker whose selector thread gave no sign of life for so long is killed and replaced."""
    tick_s: float = 0.5
    """How often times are looked at."""


class Supervisor:
    """Keeps `workers` processes serving `sock`. `run` returns the exit status after SIGTERM or SIGINT."""

    def __init__(
        self,
        sock: socket.socket,
        make_site: MakeSite,
        workers: int,
        notifier: Notifier,
        limits: SupervisorLimits | None = None,
    ) -> None:
        self.limits = limits or SupervisorLimits()
        self.workers = workers
        self._sock = sock
        self._make_site = make_site
        self._notifier = notifier
        board = Board()

        def run(row: int, ready_fd: int) -> int:
            return run_worker(sock, make_site, board, row, row % workers, ready_fd)

        self._crew = Crew(board, run, self._in_child, workers)
        self._signals: deque[int] = deque()
        self._wake_in, self._wake_out = socket.socketpair()
        self._old_handlers: dict[signal.Signals, object] = {}
        self._to_replace: list[Member] = []
        self._announced = self._reloading = False
        self._stopping_since: float | None = None
        self._pause_s, self._start_at = 0.0, 0.0
        self._fed = 0.0

    def run(self) -> int:
        """Serve until told to stop. Returns 0, or 1 if the first workers never became ready."""
        self._take_signals()
        gc.collect()
        gc.freeze()
        try:
            while True:
                status = self._round()
                if status is not None:
                    return status
        finally:
            gc.unfreeze()
            self._give_signals_back()
            self._wake_in.close()
            self._wake_out.close()

    def _round(self) -> int | None:
        """One round of the loop; the exit status when it is the last."""
        self._wait()
        while self._signals:
            self._on_signal(self._signals.popleft())
        for member in self._crew.awaited():
            if self._crew.hear(member):
                self._on_ready(member)
        for member, status in self._crew.reap():
            if self._on_ended(member, status):
                return self._give_up()
        self._kill_stuck()
        if self._stopping_since is not None:
            return None if self._crew.members else 0
        self._fill()
        self._roll()
        self._feed_watchdog()
        return None

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._wake_in.fileno(), select.POLLIN)
        for member in self._crew.awaited():
            poll.register(member.ready_fd, select.POLLIN)
        pause = self.limits.tick_s
        if self._missing():
            pause = min(pause, max(0.0, self._start_at - time.monotonic()))
        for fd, _ in poll.poll(pause * 1000 + 1):
            if fd == self._wake_in.fileno():
                self._wake_in.recv(4096)

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP and self._stopping_since is None:
            self._reload()
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._stop()

    def _reload(self) -> None:
        """Replace every worker that serves now, one after another."""
        LOG.info("reloading: every worker is replaced by one with new settings")
        self._notifier.reloading()
        self._reloading = True
        self._to_replace = [member for member in self._crew.members if member.stage is not Stage.RETIRING]

    def _stop(self) -> None:
        """The first time drain, the second time kill."""
        number = signal.SIGTERM if self._stopping_since is None else signal.SIGKILL
        if self._stopping_since is None:
            self._notifier.stopping()
            self._stopping_since = time.monotonic()
        for member in self._crew.members:
            member.enter(Stage.RETIRING)
            member.signal(number)

    def _on_ready(self, member: Member) -> None:
        old = member.replaces
        if old is not None and old in self._crew.members:
            old.enter(Stage.RETIRING)
            old.signal(signal.SIGTERM)

    def _on_ended(self, member: Member, status: int) -> bool:
        """Decide what the end of a worker means; True if there is no hope."""
        wanted = "drained" if member.stage is Stage.RETIRING else "crashed"
        record().worker_ended("watchdog" if member.stuck else wanted)
        if member.stage is Stage.RETIRING:
            return False
        LOG.error("worker %d ended with status %d", member.pid, os.waitstatus_to_exitcode(status))
        if member.stage is Stage.STARTING:
            if not self._announced and not self._crew.in_stage(Stage.SERVING):
                return True
            if self._reloading:
                LOG.error("the reload is given up: a worker with the new settings does not start; the old ones go on")
                self._to_replace, self._reloading = [], False
                self._notifier.ready("serving with the old settings: the reload failed")
        lived = time.monotonic() - member.since
        steady = member.stage is Stage.SERVING and lived >= self.limits.steady_s
        self._pause_s = self.limits.restart_first_s if steady or not self._pause_s else self._pause_s * 2
        self._pause_s = min(self._pause_s, self.limits.restart_most_s)
        self._start_at = time.monotonic() + self._pause_s
        return False

    def _give_up(self) -> int:
        for member in self._crew.members:
            member.signal(signal.SIGKILL)
            os.waitpid(member.pid, 0)
        return 1

    def _kill_stuck(self) -> None:
        """Workers that do not start, do not stop, or give no sign of life."""
        now, limits = time.monotonic(), self.limits
        most = {Stage.STARTING: limits.ready_s, Stage.RETIRING: limits.drain_s}
        late = [member for member in self._crew.members if now - member.since > most.get(member.stage, float("inf"))]
        for member in {*late, *self._crew.hung(limits.hang_s)}:
            LOG.error("worker %d is stuck while %s and is killed", member.pid, member.stage.value)
            member.stuck = True
            member.signal(signal.SIGKILL)

    def _fill(self) -> None:
        """Start what is missing, not sooner than the pause says."""
        if time.monotonic() < self._start_at:
            return
        here = len(self._crew.in_stage(Stage.SERVING)) + len(self._starting_new())
        for _ in range(self.workers - here):
            self._crew.start()
        if not self._announced and len(self._crew.in_stage(Stage.SERVING)) == self.workers:
            self._announced = True
            self._notifier.ready(f"serving with {self.workers} workers")

    def _missing(self) -> bool:
        here = len(self._crew.in_stage(Stage.SERVING)) + len(self._starting_new())
        return self._stopping_since is None and here < self.workers

    def _starting_new(self) -> list[Member]:
        """Starting workers that replace nobody who still serves."""
        starting = self._crew.in_stage(Stage.STARTING)
        return [one for one in starting if one.replaces is None or one.replaces not in self._crew.members]

    def _roll(self) -> None:
        """The next step of a reload: one replacement at a time, and never more than twice the workers."""
        if not self._reloading or self._crew.in_stage(Stage.STARTING) or len(self._crew.members) >= 2 * self.workers:
            return
        self._to_replace = [old for old in self._to_replace if old in self._crew.in_stage(Stage.SERVING)]
        if self._to_replace:
            self._crew.start(replaces=self._to_replace.pop(0))
        else:
            self._reloading = False
            self._notifier.ready(f"serving with {self.workers} workers, reloaded")

    def _feed_watchdog(self) -> None:
        now = time.monotonic()
        if self._notifier.watchdog_s and now - self._fed >= self._notifier.watchdog_s / 3:
            self._fed = now
            self._notifier.alive()

    def _take_signals(self) -> None:
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._old_handlers = {number: signal.signal(number, self._note) for number in HANDLED}
        signal.set_wakeup_fd(self._wake_out.fileno(), warn_on_full_buffer=False)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signals.append(number)

    def _give_signals_back(self) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _in_child(self) -> None:
        """A fresh worker lets go of what is the supervisor's."""
        signal.set_wakeup_fd(-1)
        self._wake_in.close()
        self._wake_out.close()
        self._signals.clear()
