"""A commit that lost its answer, and what goes wrong while one asks about it: a server that is away, for one."""

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from davdrive.errors import NotFound, OutcomeUnknown
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive, set_quota
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction
from tests.metadata.metadata_rig import change, make_drive
from tests.support.clock import libpq_uri
from tests.support.pg_proxy import When, Wire, pg_proxy

_FAIL = "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{}'; END $$"
_BEHIND = Statement("SELECT behind FROM standby.now")
_STANDBY = (
    "CREATE SCHEMA standby",
    "CREATE TABLE standby.now AS SELECT false AS behind",
    """CREATE FUNCTION standby.pg_is_in_recovery() RETURNS bool VOLATILE LANGUAGE sql
       AS 'SELECT behind FROM standby.now'""",
    "ALTER DATABASE {} SET search_path = public, standby, pg_catalog",
)
AWAY_S = 3.0
"""Longer than all tries of one transaction together, shorter than a transaction waits for another's lock."""


@pytest.fixture
def wired(postgres_url: str) -> Iterator[tuple[Database, Wire]]:
    """A database behind a proxy, with a drive and one open connection."""
    with pg_proxy(postgres_url) as (url, wire):
        database = Database(DatabaseOptions(url, wait_s=6))
        make_drive(database)
        yield database, wire
        database.close()


def _revision(database: Database) -> int:
    return database.read(lambda session: find_drive(session, "home", SYSTEM)).revision


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_starts_again_is_waited_for_before_a_commit_is_called_unknown(
    wired: tuple[Database, Wire], when: When
) -> None:
    database, wire = wired
    ran: list[int] = []

    def work(transaction: Transaction) -> int:
        ran.append(transaction.drive.revision)
        return transaction.drive.revision

    wire.cut(when)
    wire.shut = True
    back = threading.Timer(AWAY_S, setattr, (wire, "shut", False))
    back.start()
    assert change(database, work) == 1
    back.join()
    assert (wire.cuts, _revision(database)) == (1, 1)
    assert ran == ([1, 1] if when == "before" else [1])


def test_after_a_server_that_stays_away_nobody_says_that_nothing_was_changed(postgres_url: str) -> None:
    with pg_proxy(postgres_url) as (url, wire):
        database = Database(DatabaseOptions(url, wait_s=0.5))
        make_drive(database)
        wire.cut("after")
        wire.shut = True
        with pytest.raises(OutcomeUnknown, match="see whether the change took place"):
            change(database, lambda _: None)
        wire.shut = False
        assert _revision(database) == 1
        database.close()


def test_a_standby_that_takes_over_is_asked_when_it_has_heard_of_everything(postgres_url: str) -> None:
    """It had not heard of the commit, so the change was made again, or refused by its own first time."""
    with pg_proxy(postgres_url) as (url, wire), psycopg.connect(libpq_uri(postgres_url), autocommit=True) as server:
        for sql in _STANDBY:
            server.execute(sql.format(server.info.dbname))  # type: ignore[arg-type]
        with closing(Database(DatabaseOptions(url, wait_s=6))) as database:
            drive, ran = make_drive(database), list[int]()

            def work(session: Session) -> None:
                ran.append(1)
                set_quota(session, drive, 5)

            def committed(session: Session) -> bool:
                return not session.value(_BEHIND)

            wire.cut("after")
            server.execute("UPDATE standby.now SET behind = true")
            caught_up = threading.Timer(0.5, server.execute, ("UPDATE standby.now SET behind = false",))
            caught_up.start()
            database.write(work, committed=committed)
            caught_up.join()
            assert (wire.cuts, ran) == (1, [1])


@pytest.mark.parametrize("state", ["53100", "57014", "40001", "42P01"])
def test_a_fault_of_the_question_says_nothing_about_the_change(postgres_url: str, state: str) -> None:
    """A full disk here would have the stored bytes deleted that the commit names."""
    fails = Statement(_FAIL.format(state))
    _settled_by(postgres_url, lambda session: session.run(fails) > 0)


def test_a_later_change_that_removed_what_would_tell_says_nothing_either(postgres_url: str) -> None:
    """An upload that somebody completed meanwhile is not to be found; its bytes are in use."""

    def gone(_: Session) -> bool:
        raise NotFound("gone")

    _settled_by(postgres_url, gone)


def _settled_by(url: str, committed: object) -> None:
    with pg_proxy(url) as (through, wire):
        database = Database(DatabaseOptions(through, wait_s=0.5, tries=2))
        drive = make_drive(database)
        wire.cut("after")
        with pytest.raises(OutcomeUnknown):
            database.write(lambda session: set_quota(session, drive, 5), committed=committed)  # type: ignore[arg-type]
        assert database.read(lambda session: find_drive(session, "home", SYSTEM)).quota_bytes == 5
        database.close()
