"""A round of upkeep: everything that has to be forgotten, removed or finished, by one process at a time."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.digests import fill_digests
from davdrive.drive.uploads.expire import expire_uploads
from davdrive.errors import Cancelled, Conflict, Strangers
from davdrive.metadata.alone import alone
from davdrive.metadata.chores import drop_expired_app_passwords, now_ms, old_locks
from davdrive.metadata.doomed import due_objects
from davdrive.metadata.drives import hold_drive
from davdrive.metadata.locks import sweep_locks
from davdrive.metadata.session import Session
from davdrive.metadata.users import forget_failures
from davdrive.observe.metrics import record
from davdrive.upkeep.doom import delete_doomed
from davdrive.upkeep.options import DAY_S, DIGESTS, UNREADABLE, Going, Tally, UpkeepOptions, always
from davdrive.upkeep.pairing import settle
from davdrive.upkeep.purge import purge
from davdrive.upkeep.sweep import is_due, sweep

LOG = logging.getLogger("davdrive.upkeep")

LOCK = "upkeep"
"""Who holds it may purge and delete. A backup holds it too, so that what it copies stays."""

SMALL = "expired app passwords and old failed sign-ins"
UPLOADS = "unfinished uploads that nobody continued"

DIGESTS_LOCK = "digests"
"""Who holds it reads whole files for their checksums."""

LOCK_KEPT_S = DAY_S
"""An expired lock may be taken up again by its owner for a while; after a day nobody does."""

FAILURES_KEPT_S = DAY_S
"""Wrong passwords older than this no longer slow anybody down."""

BEGINS, ENDS, ELSEWHERE = "a round begins", "the round ends", "another process is at it"
"""What a round says of itself in the log, at level debug."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did. `alone` False: another process is at it, and nothing was done. `refused`: why the sweep did
    not take place, or nothing of the store was touched."""

    alone: bool
    tally: Tally
    finished: bool = True
    refused: str = ""


def run_round(
    backend: Backend,
    options: UpkeepOptions,
    *,
    whole: bool,
    going: Going = always,
    wait_s: float = 0.0,
    deadline: Deadline | None = None,
) -> Round:
    """Do what is due. `whole`: the sweep too, due or not. `wait_s`: how long to wait for another process. `deadline`:
    cancels the reading of large files.

    Errors: Unavailable; whatever was done before it stays done.
    """
    tally, refused = Tally(), ""
    with alone(backend.database, LOCK, wait_s) as held:
        if held is None:
            LOG.debug("%s", ELSEWHERE)
            return Round(False, tally, False)
        with _told():
            _forget(backend, options, tally, going)
            sweeps = going() and (whole or is_due(backend, options))
            refused = strangers = _strangers(backend, sweeps)
            if sweeps and not strangers:
                refused = _sweep(backend, options, tally, going)
            held.check()
            if not strangers:
                with _counted("doomed", tally):
                    delete_doomed(backend, options, tally, going)
    if going():
        with _counted("digests", tally):
            _compute(backend, tally, deadline or Deadline())
    return Round(True, tally, going(), refused)


@contextmanager
def _told() -> Iterator[None]:
    """Lines by which the logs of all nodes show that no two rounds were at it at once."""
    LOG.debug("%s", BEGINS)
    try:
        yield
    finally:
        LOG.debug("%s", ENDS)


def _strangers(backend: Backend, sweeps: bool) -> str:
    """Why nothing of the store may be touched: it is not this database's. Empty if it may, or if nothing is due."""
    if not sweeps and not backend.database.read(lambda session: due_objects(session, 1)):
        return ""
    try:
        settle(backend.database, backend.contents.store)
    except Strangers as error:
        return f"nothing was swept or deleted: {error}"
    return ""


def _sweep(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going) -> str:
    """Why it was refused; empty when it was not. What else there is to do goes on."""
    try:
        with _counted("sweep", tally):
            sweep(backend, options, tally, going)
    except Conflict as error:
        return str(error)
    return ""


@contextmanager
def _counted(task: str, tally: Tally) -> Iterator[None]:
    """Tell the metrics of a task: how long it took, what it removed, whether it failed."""
    began, before = time.perf_counter(), tally.removed
    failed = True
    try:
        yield
        failed = False
    finally:
        record().upkeep(task, time.perf_counter() - began, tally.removed - before, failed)


def _forget(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going) -> None:
    with _counted("forget", tally):
        _forget_locks(backend)
        tally.add(SMALL, backend.database.write(_forget_rows))
    with _counted("uploads", tally):
        expired = expire_uploads(backend, backend.database.read(now_ms))
        tally.add(UPLOADS, expired)
    with _counted("purge", tally):
        purge(backend, options, tally, going)


def _forget_locks(backend: Backend) -> None:
    """Each drive is held: its locks' holders may be about to take them up again."""
    for drive, before_ms in backend.database.read(lambda session: old_locks(session, LOCK_KEPT_S * 1000)):
        backend.database.write(partial(_sweep_locks, drive=drive, before_ms=before_ms))


def _sweep_locks(session: Session, drive: int, before_ms: int) -> None:
    hold_drive(session, drive)
    sweep_locks(session, drive, before_ms)


def _forget_rows(session: Session) -> int:
    now = now_ms(session)
    return drop_expired_app_passwords(session, now) + forget_failures(session, now - FAILURES_KEPT_S * 1000)


def _compute(backend: Backend, tally: Tally, deadline: Deadline) -> None:
    """Checksums of what arrived in parts. It reads files of any size, so it must not hold up a backup."""
    with alone(backend.database, DIGESTS_LOCK) as held:
        if held is None:
            return
        with suppress(Cancelled):  # what was computed is kept, the rest is for the next round
            computed, damaged = fill_digests(backend, deadline)
            tally.add(DIGESTS, computed)
            tally.add(UNREADABLE, damaged)
