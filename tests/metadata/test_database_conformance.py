"""Database: what reads, writes and snapshots promise, on both databases alike."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from davdrive.deadline import Deadline
from davdrive.errors import Cancelled, Forbidden
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive, set_quota, visible_drives
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.session import Row, Session
from davdrive.metadata.statement import Statement
from tests.metadata.metadata_rig import make_drive

_DOUBLE = Statement("INSERT INTO secrets (name, value) VALUES (:name, :value)")
_SECRETS = Statement("SELECT name, value FROM secrets WHERE name LIKE 'test%' ORDER BY name")
_TO = Statement("UPDATE secrets SET value = :value WHERE name = :name")


def _secrets(database: Database) -> list[tuple[str, bytes]]:
    return [(name, bytes(value)) for name, value in database.read(lambda session: session.rows(_SECRETS))]


def test_a_write_returns_what_its_work_returned_and_everybody_sees_it(database: Database) -> None:
    drive = make_drive(database)
    assert database.read(lambda session: find_drive(session, "home", SYSTEM)).id == drive


def test_a_refused_write_leaves_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        session.do(_DOUBLE, name="test", value=b"1")
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        database.write(work)
    assert _secrets(database) == []
    make_drive(database)  # and the connection is none the worse


def test_a_statement_that_fails_late_fails_the_write_and_nothing_of_it_stays(database: Database) -> None:
    def work(session: Session) -> None:
        for _ in range(2):
            session.do(_DOUBLE, name="test", value=b"1")

    with pytest.raises(database.engine.dialect.loaded_dbapi.IntegrityError):
        database.write(work)
    assert _secrets(database) == []
    make_drive(database)


def test_what_was_sent_without_waiting_is_seen_by_the_next_statement(database: Database) -> None:
    def work(session: Session) -> tuple[int, int, list[list[Row]]]:
        session.do(_DOUBLE, name="test1", value=b"1")
        session.many(_DOUBLE, [{"name": f"test{n}", "value": b"m"} for n in (2, 3)])
        session.do(_TO, name="test1", value=b"2")
        changed = session.run(_TO, name="test1", value=b"3"), session.run(_TO, name="nothing", value=b"3")
        return *changed, session.gather(((_SECRETS, {}), (_SECRETS, {})))

    first, second, (rows, again) = database.write(work)
    assert (first, second) == (1, 0)
    assert rows == again
    assert [(name, bytes(value)) for name, value in rows] == [("test1", b"3"), ("test2", b"m"), ("test3", b"m")]
    assert len(_secrets(database)) == 3


def test_a_snapshot_does_not_change_while_others_write(database: Database) -> None:
    drive = make_drive(database)
    with database.snapshot() as session:
        before = find_drive(session, "home", SYSTEM)
        database.write(lambda writing: set_quota(writing, drive, 17))
        make_drive(database, "second")
        assert find_drive(session, "home", SYSTEM).quota_bytes == before.quota_bytes
        assert [each.name for each in visible_drives(session, SYSTEM)] == ["home"]
    assert database.read(lambda session: find_drive(session, "home", SYSTEM)).quota_bytes == 17


def test_a_snapshot_may_be_read_slowly(url: str) -> None:
    database = Database(DatabaseOptions(url, statement_s=0.3))
    make_drive(database)
    with database.snapshot() as session:
        for _ in range(2):
            assert [each.name for each in visible_drives(session, SYSTEM)] == ["home"]
            time.sleep(0.5)
        assert visible_drives(session, SYSTEM)
    database.close()


def test_writers_of_many_threads_do_not_lose_each_other(database: Database) -> None:
    database.write(lambda session: session.do(_DOUBLE, name="test", value=b"0"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _count_up(database), range(80)))
    assert _secrets(database) == [("test", b"80")]


_TAKE = Statement("UPDATE secrets SET name = name WHERE name = 'test'")
_VALUE = Statement("SELECT value FROM secrets WHERE name = 'test'")


def _count_up(database: Database) -> None:
    def work(session: Session) -> None:
        session.do(_TAKE)
        value = int(bytes(session.value(_VALUE)))
        session.do(_TO, name="test", value=str(value + 1).encode())

    database.write(work)


def test_a_deadline_that_is_over_begins_nothing(database: Database) -> None:
    deadline = Deadline(None)
    deadline.cancel("the client went away")
    ran = threading.Event()
    with pytest.raises(Cancelled):
        database.write(lambda _session: ran.set(), deadline)
    with pytest.raises(Cancelled):
        database.read(lambda _session: ran.set(), deadline)
    assert not ran.is_set()


def test_a_closed_database_has_no_connections_left(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.read(lambda session: visible_drives(session, SYSTEM)), range(16)))
    database.close()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
