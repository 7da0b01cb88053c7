"""PostgreSQL going away at the worst moments, through a proxy that cuts there."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from davdrive.deadline import Deadline
from davdrive.errors import Cancelled, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive, set_quota, visible_drives
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction
from tests.metadata.metadata_rig import add, change, make_drive
from tests.support.eventually import until
from tests.support.pg_proxy import When, Wire, pg_proxy
from tests.support.postgres import Postgres

_FAIL_ONCE = "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{}'; END $$"
_SLEEP = Statement("SELECT pg_sleep(30)")
_SETTING = Statement("SELECT current_setting(:name)")


class Heard:
    """An observer that remembers what was tried again."""

    def __init__(self) -> None:
        self.again: list[str] = []

    def transaction(self, seconds: float, outcome: str) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def retried(self, reason: str) -> None:
        self.again.append(reason)


@pytest.fixture
def wired(postgres_url: str) -> Iterator[tuple[Database, Wire, Heard]]:
    """A database behind a proxy, with a drive, and what its observer heard."""
    with pg_proxy(postgres_url) as (url, wire):
        heard = Heard()
        database = Database(DatabaseOptions(url, wait_s=5), heard)
        make_drive(database)
        yield database, wire, heard
        database.close()


def _revision(database: Database) -> int:
    return database.read(lambda session: find_drive(session, "home", SYSTEM)).revision


@pytest.mark.parametrize("when", ["before", "after", "late"])
def test_a_change_whose_commit_loses_its_answer_takes_place_exactly_once(
    wired: tuple[Database, Wire, Heard], when: When
) -> None:
    """`late`: the server commits when the client has asked again already; it must wait for that."""
    database, wire, _ = wired
    ran: list[int] = []

    def work(transaction: Transaction) -> int:
        ran.append(transaction.drive.revision)
        return transaction.drive.revision

    wire.cut(when)
    assert change(database, work) == 1
    assert (wire.cuts, _revision(database)) == (1, 1)
    assert ran == ([1, 1] if when == "before" else [1])


def test_a_change_without_a_result_is_settled_as_well(wired: tuple[Database, Wire, Heard]) -> None:
    database, wire, _ = wired
    ran: list[int] = []
    wire.cut("after")
    assert change(database, lambda transaction: ran.append(transaction.drive.revision)) is None
    assert (ran, _revision(database)) == ([1], 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_that_leaves_no_trace_of_itself_says_that_nobody_knows(
    wired: tuple[Database, Wire, Heard], when: When
) -> None:
    database, wire, _ = wired
    drive = database.read(lambda session: find_drive(session, "home", SYSTEM)).id
    wire.cut(when)
    with pytest.raises(Unavailable, match="see whether the change took place"):
        database.write(lambda session: set_quota(session, drive, 5))


def test_a_server_that_closed_every_connection_costs_one_try(wired: tuple[Database, Wire, Heard]) -> None:
    database, wire, heard = wired
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: add(database, f"n{number}"), range(12)))
    wire.sever()
    assert _revision(database) == 12
    assert heard.again == ["lost"]
    wire.sever()
    add(database, "last")
    assert (_revision(database), heard.again) == (13, ["lost", "lost"])


def test_a_standby_is_not_asked_before_it_has_taken_over(postgres_url: str) -> None:
    """It may not have heard of the last commits: what it says of files, roles and locks is the past."""
    with pg_proxy(postgres_url) as (url, wire), closing(Database(DatabaseOptions(url, wait_s=0.2))) as database:
        wire.standby = True
        with pytest.raises(Unavailable):
            _revision(database)
        with pytest.raises(Unavailable), alone(database, "test"):
            pass
        with pytest.raises(Unavailable, match="hot standby"):
            migrate(DatabaseOptions(url))
        wire.standby = False
        make_drive(database)
        assert _revision(database) == 0


def test_a_connection_to_a_server_that_only_reads_is_not_kept(postgres: Postgres, postgres_url: str) -> None:
    """A pooler in between may lead to another server than the one that it led to at first."""
    name, ours = postgres_url.partition("?")[0].rpartition("/")[2], "options=-clock_timeout%3D5000"
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}{ours}"
    with closing(Database(DatabaseOptions(postgres_url))) as primary:
        make_drive(primary)
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with closing(Database(DatabaseOptions(url))) as database:
        assert _revision(database) == 0
        postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        add(database, "f")
        assert _revision(database) == 1


def test_a_transaction_whose_connection_breaks_before_its_commit_runs_again(
    wired: tuple[Database, Wire, Heard],
) -> None:
    database, wire, heard = wired
    ran: list[int] = []

    def work(transaction: Transaction) -> None:
        ran.append(transaction.drive.revision)
        if len(ran) == 1:
            wire.sever()

    change(database, work)
    assert (ran, _revision(database), heard.again) == ([1, 1], 1, ["lost"])


@pytest.mark.parametrize(("state", "reason"), [("40001", "retry"), ("40P01", "retry"), ("57P01", "lost")])
def test_a_transaction_that_the_server_refuses_for_a_passing_reason_runs_again(
    wired: tuple[Database, Wire, Heard], state: str, reason: str
) -> None:
    database, _, heard = wired
    fails = Statement(_FAIL_ONCE.format(state))
    ran: list[int] = []

    def work(transaction: Transaction) -> int:
        ran.append(1)
        if len(ran) == 1:
            transaction.session.do(fails)
        return transaction.drive.revision

    assert change(database, work) == 1
    assert (len(ran), heard.again) == (2, [reason])


def test_two_transactions_that_wait_for_each_other_both_take_place(database_pair: tuple[Database, int, int]) -> None:
    database, first, second = database_pair
    both = threading.Barrier(2)

    def crossing(drives: tuple[int, int]) -> None:
        met: list[bool] = []

        def work(session: Session) -> None:
            session.run(_QUOTA, drive=drives[0])
            if not met:
                met.append(True)
                both.wait(5)
            session.run(_QUOTA, drive=drives[1])

        database.write(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(crossing, [(first, second), (second, first)]))
    seen = database.read(lambda session: [each.quota_bytes for each in visible_drives(session, SYSTEM)])
    assert seen == [2, 2]


_QUOTA = Statement("UPDATE drives SET quota_bytes = COALESCE(quota_bytes, 0) + 1 WHERE id = :drive")


@pytest.fixture
def database_pair(postgres_url: str) -> Iterator[tuple[Database, int, int]]:
    database = Database(DatabaseOptions(postgres_url, wait_s=5))
    yield database, make_drive(database, "a"), make_drive(database, "b")
    database.close()


def test_backends_that_are_terminated_all_the_time_lose_and_double_nothing(
    postgres: Postgres, postgres_url: str
) -> None:
    database = Database(DatabaseOptions(postgres_url, wait_s=5, application="victim"))
    make_drive(database)
    over, kills = threading.Event(), [0]
    added: list[int] = []
    unknown: list[str] = []

    def adder(who: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            try:
                added.append(add(database, f"n{who}-{number}"))
            except Unavailable as error:
                unknown.append(str(error))

    def put_to_the_test() -> bool:
        time.sleep(0.03)
        kills.append(_terminate(postgres))
        return sum(kills) > 10 and len(added) > 100

    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(adder, who) for who in range(4)]
        try:
            until(put_to_the_test, 60)
        finally:
            over.set()
        for each in adding:
            each.result()
    assert len(set(added)) == len(added)
    assert len(added) <= _revision(database) <= len(added) + len(unknown)
    database.close()


def _terminate(postgres: Postgres) -> int:
    """End every backend that has a victim; how many there were."""
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        found = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'victim'"
        ).fetchone()
    return found[0] if found else 0


def test_a_statement_or_a_lock_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    database = Database(DatabaseOptions(postgres_url, wait_s=0.4, statement_s=0.6))
    make_drive(database)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        database.read(lambda session: session.row(_SLEEP))
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
        other.execute("UPDATE drives SET revision = revision")
        with pytest.raises(Unavailable):
            add(database, "f")
    assert time.monotonic() - began < 5
    assert add(database, "f")
    database.close()


def test_a_connection_that_idles_in_mid_transaction_does_not_hold_the_drive(postgres_url: str) -> None:
    database, another = (Database(DatabaseOptions(postgres_url, wait_s=5, statement_s=0.8)) for _ in range(2))
    make_drive(database)
    ran: list[int] = []
    hangs, added = threading.Event(), threading.Event()

    def hangs_once(transaction: Transaction) -> None:
        ran.append(1)
        if len(ran) == 1:
            hangs.set()
            added.wait(20)

    with ThreadPoolExecutor(2) as pool:
        hanging = pool.submit(change, database, hangs_once)
        assert hangs.wait(10)
        add(another, "f")
        added.set()
        hanging.result()
    another.close()
    assert (len(ran), _revision(database)) == (2, 2)
    database.close()


def test_no_free_connection_in_time_is_said_so(postgres_url: str) -> None:
    database = Database(DatabaseOptions(postgres_url, pool_size=2, pool_wait_s=0.2))
    all_held, gate = threading.Barrier(3), threading.Event()

    def hold(_session: object) -> bool:
        all_held.wait(10)
        return gate.wait(10)

    with ThreadPoolExecutor(2) as pool:
        holding = [pool.submit(database.read, hold) for _ in range(2)]
        all_held.wait(10)
        with pytest.raises(Unavailable, match="no database connection came free"):
            database.read(lambda session: visible_drives(session, SYSTEM))
        gate.set()
        assert all(each.result() for each in holding)
    assert database.read(lambda session: visible_drives(session, SYSTEM)) == []
    database.close()


def test_connections_over_the_pool_size_do_not_stay_and_old_ones_are_not_used_again(postgres_url: str) -> None:
    options = DatabaseOptions(postgres_url, pool_size=1, pool_overflow=3, recycle_s=0.2, application="counted")
    database = Database(options)
    at_once = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.read(lambda _session: at_once.wait(10)), range(4)))
    backends = Statement("SELECT pid FROM pg_stat_activity WHERE application_name = 'counted' ORDER BY pid")
    before = _until_alone(database, backends)
    time.sleep(0.3)
    assert _until_alone(database, backends) != before
    database.close()


def _until_alone(database: Database, backends: Statement) -> int:
    """The one backend that is left; those that were closed take a moment to go."""
    ends = time.monotonic() + 10
    while len(found := database.read(lambda session: session.rows(backends))) > 1:
        assert time.monotonic() < ends, found
    pid: int = found[0][0]
    return pid


def test_waiting_for_a_server_that_is_gone_ends_with_the_deadline(postgres_url: str) -> None:
    with pg_proxy(postgres_url) as (url, wire):
        database = Database(DatabaseOptions(url, wait_s=30, connect_s=2))
        wire.sever()
    deadline = Deadline(0.3)
    with pytest.raises((Cancelled, Unavailable)):
        database.read(lambda session: visible_drives(session, SYSTEM), deadline)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        Database(DatabaseOptions(url, wait_s=0.5)).read(lambda session: visible_drives(session, SYSTEM))
    assert time.monotonic() - began < 5
    database.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_name", "davdrive 127.0.0.1:8080"),
        ("statement_timeout", "7s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "7s"),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
    ],
)
def test_every_connection_has_its_limits_and_its_name(postgres_url: str, name: str, value: str) -> None:
    options = DatabaseOptions(postgres_url, wait_s=3, statement_s=7, application="davdrive 127.0.0.1:8080")
    database = Database(options)
    assert database.read(lambda session: session.value(_SETTING, name=name)) == value
    database.close()
