"""The fault that the races must catch: what is judged before the transaction instead of inside it."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from davdrive.drive import copying, delete, guard, lock, mkcol, move, proppatch, put, transfer
from davdrive.errors import DriveError
from davdrive.metadata.database import Database
from davdrive.metadata.transaction import Change, Transaction, transact

GAP_S = 0.003
"""Between judging and writing: what a server that looks first and writes then leaves to chance."""

_judged = threading.local()


class _Judged(DriveError):
    """Ends the transaction that only judged."""


def check_then_act() -> None:
    """From now on this process judges locks, preconditions and the shape of the tree before its transactions."""
    for module in (copying, delete, lock, mkcol, move, proppatch, put):
        module.transact = _judge_first  # type: ignore[attr-defined]
    for where, name in ((guard, "_refuse"), (guard, "check_write"), (lock, "_check_compatible")):
        setattr(where, name, _unless_judged(getattr(where, name)))
    transfer._check_apart = _unless_judged(transfer._check_apart)


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
