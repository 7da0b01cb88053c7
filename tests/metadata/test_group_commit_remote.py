"""Changes of one drive on PostgreSQL that queue up in one process share a commit; a proxy counts and cuts."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from davdrive.errors import AlreadyExists, Forbidden, Unavailable
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.entries import live_node
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Transaction
from tests.metadata.metadata_rig import add_in, change, make_drive
from tests.metadata.queueing_rig import WAIT_S, together
from tests.support.pg_proxy import When, Wire, pg_proxy

_FAIL = "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{}'; END $$"
_PREPARED = Statement("SELECT count(*) FROM pg_prepared_statements")


@pytest.fixture
def wired(postgres_url: str) -> Iterator[tuple[Database, Wire]]:
    """A database behind a proxy, with a drive, everything prepared on its one connection."""
    with pg_proxy(postgres_url) as (url, wire):
        database = Database(DatabaseOptions(url, wait_s=5))
        make_drive(database)
        change(database, lambda transaction: add_in(transaction, "before", ROOT, b"1"))
        yield database, wire
        database.close()


def _together(database: Database, works: list[Any]) -> list[Any]:
    return together(database, works, lambda: len(database._writer._lanes))  # type: ignore[attr-defined]


def _add(name: str) -> Any:
    def work(transaction: Transaction) -> int:
        if live_node(transaction.session, transaction.drive, ROOT, name) is not None:
            raise AlreadyExists(name)
        add_in(transaction, name, ROOT, b"1")
        return transaction.drive.revision

    return work


def _refuse(transaction: Transaction) -> None:
    add_in(transaction, "refused", ROOT, b"1")
    raise Forbidden("on purpose")


def _exists(database: Database, *names: str) -> list[bool]:
    def look(session: Any) -> list[bool]:
        drive = find_drive(session, "home", SYSTEM)
        return [live_node(session, drive, ROOT, name) is not None for name in names]

    return database.read(look)


def _counters(database: Database) -> tuple[int, int]:
    drive = database.read(lambda session: find_drive(session, "home", SYSTEM))
    return drive.revision, drive.used_bytes


def test_changes_that_queue_up_share_a_commit_and_each_gets_its_own_result(wired: tuple[Database, Wire]) -> None:
    database, wire = wired
    commits = wire.commits
    assert _together(database, [_add(f"n{number}") for number in range(8)]) == list(range(3, 11))
    assert wire.commits == commits + 2
    assert _counters(database) == (10, 9)


def test_changes_of_two_drives_do_not_wait_for_each_other(wired: tuple[Database, Wire]) -> None:
    database, _ = wired
    make_drive(database, "other")
    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(change, database, lambda _: both.wait(WAIT_S), name) for name in ("home", "other")]
        assert sorted(each.result(WAIT_S) for each in running) == [0, 1]
    assert database._writer._lanes._lanes == {}  # type: ignore[attr-defined]


def test_one_that_is_refused_leaves_nothing_harms_nobody_and_costs_no_statement(wired: tuple[Database, Wire]) -> None:
    database, wire = wired
    change(database, _add("first"))
    commits = wire.commits
    prepared = database.read(lambda session: session.value(_PREPARED))
    results = _together(database, [_add("a"), _refuse, _add("b"), _add("a")])
    assert (results[0], results[2]) == (4, 5)
    assert isinstance(results[1], Forbidden)
    assert isinstance(results[3], AlreadyExists)  # it saw what was written before it in the same transaction
    assert wire.commits == commits + 2
    assert _exists(database, "a", "refused", "b") == [True, False, True]
    assert database.read(lambda session: session.value(_PREPARED)) >= prepared


def test_one_that_breaks_fails_alone(wired: tuple[Database, Wire]) -> None:
    database, _ = wired

    def breaks(transaction: Transaction) -> None:
        add_in(transaction, "broken", ROOT, b"1")
        raise ZeroDivisionError

    results = _together(database, [_add("a"), breaks, _add("b")])
    assert isinstance(results[1], ZeroDivisionError)
    assert (results[0], results[2]) == (3, 4)
    assert _exists(database, "a", "broken", "b") == [True, False, True]


def test_one_whose_statement_is_wrong_fails_alone(wired: tuple[Database, Wire]) -> None:
    """Its error arrives while another one asks."""
    database, _ = wired
    wrong = Statement("INSERT INTO entries (drive, parent, name, name_key, node, since) VALUES (99, 1, 'x', 'x', 1, 1)")
    results = _together(database, [_add("a"), lambda transaction: transaction.session.do(wrong), _add("b")])
    assert "violates foreign key" in str(results[1])
    assert (results[0], results[2]) == (3, 4)


@pytest.mark.parametrize("state", ["40001", "57P01"])
def test_when_the_server_refuses_for_a_passing_reason_each_takes_place_once(
    wired: tuple[Database, Wire], state: str
) -> None:
    database, _ = wired
    fails, ran = Statement(_FAIL.format(state)), list[int]()

    def fails_once(transaction: Transaction) -> int:
        ran.append(1)
        if len(ran) == 1:
            transaction.session.do(fails)
        return transaction.drive.revision

    results = _together(database, [_add("a"), fails_once, _add("b"), _refuse])
    assert sorted(results[:3]) == [3, 4, 5]
    assert isinstance(results[3], Forbidden)
    assert (len(ran), _counters(database)) == (2, (5, 3))


@pytest.mark.parametrize("when", ["before", "after", "late"])
def test_a_shared_commit_whose_answer_is_lost_is_settled_for_each(wired: tuple[Database, Wire], when: When) -> None:
    database, wire = wired
    cut = threading.Event()

    def plans(transaction: Transaction) -> int:
        if not cut.is_set():
            cut.set()
            wire.cut(when)
        return transaction.drive.revision

    results = _together(database, [_add("a"), _refuse, plans, _add("b")])
    assert wire.cuts == 1
    assert sorted((results[0], results[2], results[3])) == [3, 4, 5]
    assert isinstance(results[1], Forbidden)
    assert _exists(database, "a", "refused", "b") == [True, False, True]
    assert _counters(database) == (5, 3)


def test_who_was_refused_by_a_change_whose_commit_was_lost_is_judged_again(wired: tuple[Database, Wire]) -> None:
    """The first one's client has gone meanwhile: nothing of it remains, so the second one may have the name."""
    database, wire = wired
    ran: list[str] = []

    def leaves(transaction: Transaction) -> int:
        ran.append("leaves")
        if len(ran) > 1:
            raise Unavailable("gone")
        wire.cut("before")
        add_in(transaction, "a", ROOT, b"1")
        return transaction.drive.revision

    results = _together(database, [leaves, _add("a")])
    assert isinstance(results[0], Unavailable)
    assert results[1] == 3
    assert _exists(database, "a") == [True]
    assert _counters(database)[1] == 2


def test_when_no_connection_comes_free_all_that_queue_up_hear_of_it_together(postgres_url: str) -> None:
    database = Database(DatabaseOptions(postgres_url, pool_size=1, pool_wait_s=0.5))
    make_drive(database)
    with database.snapshot(), ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        waiting = [pool.submit(change, database, _add(f"n{number}")) for number in range(8)]
        errors = [each.exception(WAIT_S) for each in waiting]
    assert {type(error) for error in errors} == {Unavailable}
    assert time.monotonic() - began < 8 * 0.5
    assert _counters(database) == (0, 0)
    database.close()


@pytest.fixture
def hasty(postgres_url: str) -> Iterator[Database]:
    """A database whose server cancels statements that take longer than a second."""
    database = Database(DatabaseOptions(postgres_url, wait_s=WAIT_S, statement_s=1))
    make_drive(database)
    yield database
    database.close()


def test_a_statement_that_takes_too_long_on_its_way_to_the_commit_is_not_tried_again(hasty: Database) -> None:
    """The server says that it was cancelled, so nobody need ask whether it took place; and it holds the drive."""
    slow, ran = Statement("SELECT pg_sleep(30)"), list[int]()

    def sleeps(transaction: Transaction) -> None:
        ran.append(1)
        transaction.session.do(slow)

    with pytest.raises(Unavailable):
        change(hasty, sleeps)
    assert len(ran) == 1
    assert _counters(hasty) == (0, 0)


def test_one_whose_statement_takes_too_long_fails_alone(hasty: Database) -> None:
    slow = Statement("SELECT pg_sleep(30)")
    results = _together(hasty, [_add("a"), lambda transaction: transaction.session.do(slow), _add("b")])
    assert isinstance(results[1], Unavailable)
    assert (results[0], results[2]) == (2, 3)
    assert _exists(hasty, "a", "b") == [True, True]
