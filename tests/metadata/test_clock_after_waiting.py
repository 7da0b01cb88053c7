"""The clock of a change that waited for another one: what is left of a lock's time must not be what it is granted."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from davdrive.errors import Forbidden
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import LATE_MS, hold_drive_named
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.locks import Lock, ask_count, count_locks, insert_lock
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Change, Transaction, transact
from tests.metadata.metadata_rig import change, make_drive

Before = Callable[[Database, str, threading.Event], None]

HELD_S = 0.8
_NOW = Statement("SELECT {NOW_MS}")
_CLOCK = Statement("SELECT max(time_ms) FROM drives WHERE name_key = :name")


@pytest.fixture
def nodes(postgres_url: str) -> Iterator[tuple[Database, Database]]:
    """Two nodes on one database, with the drives home and other."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(Database(DatabaseOptions(postgres_url)))) for _ in range(2))
        make_drive(first)
        make_drive(first, "other")
        yield first, second


def _takes_place(database: Database, drive: str, held: threading.Event) -> None:
    change(database, lambda _: _wait(held), drive)


def _is_refused(database: Database, drive: str, held: threading.Event) -> None:
    def work(_: Transaction) -> None:
        _wait(held)
        raise Forbidden("on purpose")

    with pytest.raises(Forbidden):
        change(database, work, drive)


def _only_holds(database: Database, drive: str, held: threading.Event) -> None:
    def work(session: Session) -> None:
        hold_drive_named(session, drive, SYSTEM)
        _wait(held)

    database.write(work)


def _wait(held: threading.Event) -> None:
    held.set()
    time.sleep(HELD_S)


@pytest.mark.parametrize(("other", "awaited"), [(None, "home"), ("other", "home"), ("other", "other")])
@pytest.mark.parametrize("before", [_takes_place, _is_refused, _only_holds])
def test_a_change_judges_by_the_time_at_which_it_got_the_writer_lock_whatever_it_waited_for(
    nodes: tuple[Database, Database], before: Before, other: str | None, awaited: str
) -> None:
    """Of two drives the first one is held already while the second one is waited for."""
    first, second = nodes
    held = threading.Event()

    def work(transaction: Transaction) -> list[tuple[int, int]]:
        now_ms = transaction.session.value(_NOW)
        return [(drive.time_ms, now_ms - drive.time_ms) for drive in transaction.drives]

    with ThreadPoolExecutor(1) as pool:
        waited_for = pool.submit(before, first, awaited, held)
        assert held.wait(10)
        began = time.monotonic()
        seen = transact(second, Change("test", SYSTEM, "home", other_key=other), work)
        assert time.monotonic() - began > HELD_S / 2
        waited_for.result()
    for name, (time_ms, late_ms) in zip(("home", "other"), seen, strict=False):
        # What a busy machine adds between the lock and the question is no fault; the wait itself is.
        assert late_ms < LATE_MS + HELD_S * 500, name
        stored_ms = second.read(lambda session, name=name: session.value(_CLOCK, name=name))
        assert stored_ms == time_ms, name


def test_locks_that_expired_while_the_writer_lock_was_waited_for_count_for_nothing(
    nodes: tuple[Database, Database],
) -> None:
    """They were counted by the time at which the wait began, when that was for a change that was refused."""
    first, second = nodes
    held = threading.Event()

    def lock(transaction: Transaction) -> None:
        drive, ends_ms = transaction.drive, transaction.drive.lock_ms + int(HELD_S * 500)
        insert_lock(transaction.session, Lock("t", drive.id, "/", "/", 1, 1, 0, None, "x", 1, 0, ends_ms, 0))

    change(first, lock)
    with ThreadPoolExecutor(1) as pool:
        waited_for = pool.submit(_is_refused, first, "home", held)
        assert held.wait(10)
        counting = Change("test", SYSTEM, "home", ahead=lambda: [ask_count("home")])
        assert transact(second, counting, lambda found: count_locks(found.session, "home").live) == 0
        waited_for.result()
