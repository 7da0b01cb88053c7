"""The faults that races and histories must catch: judging before the transaction instead of inside it, all or the locks
alone, and reading what a replica that lags behind would show."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from davdrive.drive import copying, delete, guard, lock, mkcol, move, proppatch, put, transfer
from davdrive.errors import DriveError
from davdrive.metadata.database import Database
from davdrive.metadata.session import Session
from davdrive.metadata.transaction import Change, Transaction, transact

GAP_S = 0.01
"""Between judging and writing: what a server that looks first and writes then leaves to chance."""

STALE_S = 0.05
"""How far a replica lags behind."""

_judged = threading.local()


class _Judged(DriveError):
    """Ends the transaction that only judged."""


def check_then_act() -> None:
    """From now on this process judges locks, preconditions and the shape of the tree before its transactions."""
    check_locks_first()
    for where, name in ((guard, "check_write"), (transfer, "_check_apart")):
        setattr(where, name, _unless_judged(getattr(where, name)))


def check_locks_first() -> None:
    """From now on this process judges locks before its transactions."""
    for module in (copying, delete, lock, mkcol, move, proppatch, put):
        module.transact = _judge_first  # type: ignore[attr-defined]
    guard._refuse = _unless_judged(guard._refuse)
    lock._check_compatible = _unless_judged(lock._check_compatible)


def stale_reads() -> None:
    """From now on this process reads from a snapshot that it renews now and then."""
    held: list[tuple[float, contextlib.ExitStack, Session]] = []

    def read(database: Database, work: Callable[[Session], Any], _deadline: object = None) -> Any:
        if held and time.monotonic() - held[0][0] > STALE_S:
            held.pop()[1].close()
        if not held:
            stack = contextlib.ExitStack()
            held.append((time.monotonic(), stack, stack.enter_context(database.snapshot())))
        return work(held[0][2])

    Database.read = read  # type: ignore[assignment, method-assign]


FAULTS: dict[str, Callable[[], None]] = {
    "check-then-act": check_then_act,
    "locks-first": check_locks_first,
    "stale-reads": stale_reads,
}


def commit_faults(names: Sequence[str]) -> None:
    """Switch these faults on, in this process."""
    for name in names:
        FAULTS[name]()


def _unless_judged(check: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: None if getattr(_judged, "done", False) else check(*arguments)


def _judge_first(database: Database, change: Change, work: Callable[[Transaction], Any]) -> Any:
    def look(transaction: Transaction) -> None:
        work(transaction)
        raise _Judged

    with contextlib.suppress(_Judged):
        transact(database, change, look)
    time.sleep(GAP_S)
    _judged.done = True
    try:
        return transact(database, change, _on_this_thread(work))
    finally:
        _judged.done = False


def _on_this_thread(work: Callable[[Transaction], Any]) -> Callable[[Transaction], Any]:
    """SQLite's leader may run it on another thread."""

    def run(transaction: Transaction) -> Any:
        before, _judged.done = getattr(_judged, "done", False), True
        try:
            return work(transaction)
        finally:
            _judged.done = before

    return run
