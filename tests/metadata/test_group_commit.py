"""SQLite's one writer, shared by threads and by processes."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from davdrive.errors import Forbidden, StorageFull, Unavailable
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.pool import Connections
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Transaction
from davdrive.metadata.turnstile import Turnstile
from tests.metadata.metadata_rig import add, add_in, change, make_drive
from tests.metadata.queueing_rig import WAIT_S, together

_FOREIGN = Statement("INSERT INTO entries (drive, parent, name, name_key, node, since) VALUES (99, 1, 'x', 'x', 1, 1)")
_DEFERRED = Statement("PRAGMA defer_foreign_keys=ON")


class Log(list[str]):
    """Every statement of every connection, as SQLite ran it."""

    def commits(self) -> int:
        return self.count("COMMIT")


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[tuple[Database, Log]]:
    """A database with a drive, and what it runs."""
    options = DatabaseOptions(f"sqlite:///{tmp_path / 'metadata.db'}")
    migrate(options)
    log = Log()
    database = Database(options)

    @event.listens_for(database.engine, "connect")
    def trace(connection: Any, _record: object) -> None:
        connection.set_trace_callback(log.append)

    for connections in (database._connections, _writing(database)):
        connections._forget_idle()  # those from before the trace
    make_drive(database)
    yield database, log
    database.close()


def _writing(database: Database) -> Connections:
    found: Connections = database._writer._connections  # type: ignore[attr-defined]
    return found


def _together(database: Database, works: list[Any]) -> list[Any]:
    return together(database, works, lambda: len(database._writer._queue))  # type: ignore[attr-defined]


def _adds(name: str) -> Any:
    return lambda transaction: add_in(transaction, name, ROOT, b"1")


def _revision(database: Database) -> int:
    return database.read(lambda session: find_drive(session, "home", SYSTEM)).revision


def test_writers_that_queue_up_share_a_commit_and_each_gets_its_own_result(logged: tuple[Database, Log]) -> None:
    database, log = logged
    before = log.commits()
    nodes = _together(database, [_adds(f"n{number}") for number in range(20)])
    assert log.commits() - before == 2  # the first one's, and one for all the others
    assert sorted(nodes) == list(range(2, 22))
    assert _revision(database) == 21


def test_one_that_refuses_in_a_batch_leaves_nothing_and_harms_nobody(logged: tuple[Database, Log]) -> None:
    database, log = logged

    def refuses(transaction: Transaction) -> None:
        add_in(transaction, "never", ROOT, b"1")
        raise Forbidden("no")

    before = log.commits()
    done = _together(database, [_adds("a"), refuses, _adds("b"), refuses, _adds("c")])
    assert [type(each) for each in done] == [int, Forbidden, int, Forbidden, int]
    assert log.commits() - before == 2
    assert _revision(database) == 4


def test_one_that_breaks_in_a_batch_fails_alone(logged: tuple[Database, Log]) -> None:
    database, _ = logged

    def breaks(transaction: Transaction) -> None:
        add_in(transaction, "never", ROOT, b"1")
        raise ZeroDivisionError

    done = _together(database, [_adds("a"), breaks, _adds("b")])
    assert [type(each) for each in done] == [int, ZeroDivisionError, int]
    assert _revision(database) == 3


def test_a_commit_that_fails_for_one_succeeds_for_the_others(logged: tuple[Database, Log]) -> None:
    """A foreign key that is looked at when the transaction ends: COMMIT itself is what fails."""
    database, _ = logged

    def poison(transaction: Transaction) -> None:
        transaction.session.do(_DEFERRED)
        transaction.session.do(_FOREIGN)

    done = _together(database, [_adds("a"), poison, _adds("b")])
    assert [type(each) for each in done] == [int, sqlite3.IntegrityError, int]
    assert _revision(database) == 3
    assert add(database, "c")


def test_a_full_disk_is_told_to_everybody_and_the_next_one_finds_all_well(logged: tuple[Database, Log]) -> None:
    database, _ = logged
    limit = Statement("PRAGMA max_page_count=1")
    with _writing(database).borrow() as connection:
        pages = connection.session.value(limit)
    big = lambda transaction: add_in(transaction, "big", ROOT, bytes(1 << 20))  # noqa: E731
    done = _together(database, [big, lambda transaction: add_in(transaction, "big2", ROOT, bytes(1 << 20))])
    assert [type(each) for each in done] == [StorageFull, StorageFull]
    assert _revision(database) == 1
    with _writing(database).borrow() as connection:
        connection.execute(f"PRAGMA max_page_count={pages + 10_000}")
    assert change(database, big)


def test_many_threads_over_one_file_lose_nothing(logged: tuple[Database, Log]) -> None:
    database, log = logged
    before = log.commits()
    with ThreadPoolExecutor(16) as pool:
        nodes = list(pool.map(lambda number: add(database, f"n{number}"), range(400)))
    assert sorted(nodes) == list(range(2, 402))
    assert _revision(database) == 400
    assert log.commits() - before < 400, "nobody shared a commit"


def test_the_right_to_write_is_given_up_after_its_time(tmp_path: Path) -> None:
    file = tmp_path / "metadata.db"
    patient, impatient = Turnstile(file, WAIT_S), Turnstile(file, 0.1)
    with patient.passage():
        began = time.monotonic()
        with pytest.raises(Unavailable), impatient.passage():
            pass
        assert time.monotonic() - began < WAIT_S
    with impatient.passage():
        pass
    for turnstile in (patient, impatient):
        turnstile.close()
        turnstile.close()


_WRITER = """
import sys, time
from pathlib import Path
from davdrive.metadata.turnstile import Turnstile
turnstile, count = Turnstile(Path(sys.argv[1]), 20), 0
print("ready", flush=True)
sys.stdin.readline()
ends = time.monotonic() + float(sys.argv[2])
longest, last = 0.0, time.monotonic()
while time.monotonic() < ends:
    with turnstile.passage():
        longest = max(longest, time.monotonic() - last)
        time.sleep(0.001)
        count += 1
    last = time.monotonic()
print(count, longest)
"""


def test_processes_that_write_all_the_time_all_get_their_share(tmp_path: Path) -> None:
    """SQLite's own busy handler let one of four have nearly everything."""
    seconds = 1.5
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / "metadata.db"), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ,
        )
        for _ in range(4)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=30)[0].split() for writer in writers]
    shares, longest = [int(count) for count, _ in said], max(float(wait) for _, wait in said)
    assert min(shares) * 4 > max(shares), shares
    assert longest < 0.5 * seconds, longest
