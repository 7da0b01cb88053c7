"""Upkeep inside `davdrive serve`: a thread in every worker, of which one does the work of a tick."""

import logging
import random
import threading
import time
from collections.abc import Callable

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.errors import DriveError
from davdrive.upkeep.options import UpkeepOptions
from davdrive.upkeep.rounds import run_round

LOG = logging.getLogger("davdrive.upkeep")

TICK_S = 30.0
"""How long one tick works before it lets go: a worker that serves people should not upkeep for an hour."""

REST_S = 30.0
"""The pause between ticks while there is more to do."""

STOP_S = 5.0
"""How long a stop waits for the batch at hand."""


class BackgroundUpkeep:
    """Starts a daemon thread; `stop` ends it within a batch. `interval_s`: from one round to the next."""

    def __init__(self, backend: Backend, options: UpkeepOptions, interval_s: float) -> None:
        self._backend = backend
        self._options = options
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._deadline = Deadline()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin. Call it in the process that serves, after any fork."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended or `STOP_S` is over."""
        self._stopping.set()
        self._deadline.cancel("the server is stopping")
        self._thread.join(STOP_S)

    def _run(self) -> None:
        # Workers that start together should not all knock at the same moment.
        pause = random.uniform(0.0, min(self._interval_s, REST_S))
        while not self._stopping.wait(pause):
            pause = self._interval_s if self._tick() else REST_S

    def _tick(self) -> bool:
        """Work for a while; whether all was done, or another process is at it."""
        try:
            going = self._going_until(time.monotonic() + TICK_S)
            done = run_round(self._backend, self._options, whole=False, going=going, deadline=self._deadline)
        except DriveError as error:
            LOG.warning("upkeep stopped and will go on later: %s", error)
            return True
        except Exception:
            LOG.exception("upkeep stopped and will go on later")
            return True
        if done.refused:
            LOG.warning("upkeep: %s", done.refused)
        if done.tally:
            LOG.info("upkeep: %s", ", ".join(f"{amount} {what}" for what, amount in done.tally.counts.items()))
        return done.finished or not done.alone

    def _going_until(self, ends: float) -> Callable[[], bool]:
        return lambda: not self._stopping.is_set() and time.monotonic() < ends
