"""The one rule of change, on both databases alike."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from davdrive.errors import Forbidden, NotFound
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import Drive, find_drive
from davdrive.metadata.locks import Lock, insert_lock
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import EDITOR, ROOT, VIEWER
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.users import create_user, grant
from tests.metadata.metadata_rig import add, add_in, change, make_drive

_COMMITS = Statement("SELECT revision, operation, principal, path FROM commits WHERE drive = :drive ORDER BY revision")
WAIT_S = 10


def _drive(database: Database, name: str = "home") -> Drive:
    return database.read(lambda session: find_drive(session, name, SYSTEM))


def _commits(database: Database, drive: int) -> list[tuple[object, ...]]:
    return database.read(lambda session: session.rows(_COMMITS, drive=drive))


def _member(database: Database, drive: int, role: int) -> Caller:
    def work(session: Session) -> Caller:
        user = create_user(session, "eve", "eve", "", digest_ha1=None, administrator=False)
        grant(session, drive, user, role)
        return Caller("eve", user)

    return database.write(work)


def test_each_change_draws_a_revision_and_is_recorded_under_it(database: Database) -> None:
    drive = make_drive(database)
    for name in ("a", "b"):
        put = Change("put", SYSTEM, "home", path=f"/home/{name}")
        transact(database, put, partial(add_in, name=name, parent=ROOT, data=b"1"))
    assert _commits(database, drive) == [(1, "put", "system", "/home/a"), (2, "put", "system", "/home/b")]
    assert _drive(database).revision == 2
    assert _drive(database).used_bytes == 2


def test_a_refused_change_draws_nothing(database: Database) -> None:
    drive = make_drive(database)

    def work(transaction: Transaction) -> None:
        add_in(transaction, "a", ROOT, b"1")
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        change(database, work)
    assert _commits(database, drive) == []
    assert (_drive(database).revision, _drive(database).used_bytes, _drive(database).next_node) == (0, 0, 2)


def test_a_drive_that_the_caller_may_not_see_is_not_found(database: Database) -> None:
    make_drive(database)
    with pytest.raises(NotFound):
        change(database, lambda _transaction: None, caller=Caller("stranger", 77))
    with pytest.raises(NotFound):
        change(database, lambda _transaction: None, drive="nowhere")


def test_the_drives_of_a_change_across_two_are_taken_in_one_order_so_nobody_waits_in_a_ring(database: Database) -> None:
    first, second = make_drive(database, "a"), make_drive(database, "b")

    def across(names: tuple[str, str]) -> int:
        here, there = names
        moved = Change("move", SYSTEM, here, other_key=there)
        return transact(database, moved, lambda transaction: len(transaction.drives))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(across, [("a", "b"), ("b", "a")] * 20)) == {2}
    for drive in (first, second):
        assert len(_commits(database, drive)) == 40


def test_changes_of_many_threads_come_one_after_the_other(database: Database) -> None:
    make_drive(database)
    with ThreadPoolExecutor(8) as pool:
        nodes = list(pool.map(lambda number: add(database, f"n{number}"), range(60)))
    assert len(set(nodes)) == 60
    assert _drive(database).revision == 60
    assert _drive(database).used_bytes == 60
    assert _drive(database).next_node == 62


def _while_another_waits(database: Database, meanwhile: Callable[[Session], None], caller: Caller = SYSTEM) -> Drive:
    """The drive as a change sees it that had to wait for another, which did something meanwhile."""
    holds, may_end = threading.Event(), threading.Event()

    def holder(transaction: Transaction) -> None:
        meanwhile(transaction.session)
        transaction.session.rows(_COMMITS, drive=transaction.drive.id)
        holds.set()
        assert may_end.wait(WAIT_S)

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(change, database, holder)
        assert holds.wait(WAIT_S)
        waiting = pool.submit(change, database, lambda transaction: transaction.drive, caller=caller)
        threading.Event().wait(0.3)  # long enough that it asked for the drive, and waits
        may_end.set()
        holding.result()
        drive: Drive = waiting.result()
        return drive


def test_who_waited_for_the_drive_sees_the_lock_that_was_granted_meanwhile(database: Database) -> None:
    """PostgreSQL looks at other tables as they were before the waiting began, in the statement that waited."""
    drive = make_drive(database)
    lock = Lock("t", drive, "/f", "/f", 0, 1, 0, None, "system", 600, 0, 2**50, 0)
    assert not _drive(database).has_locks
    assert _while_another_waits(database, lambda session: insert_lock(session, lock)).has_locks


def test_who_waited_for_the_drive_has_the_role_that_was_given_meanwhile(database: Database) -> None:
    drive = make_drive(database)
    eve = _member(database, drive, EDITOR)
    assert (
        _while_another_waits(database, lambda session: grant(session, drive, eve.user or 0, VIEWER), eve).role == VIEWER
    )


def test_properties_and_locks_are_told_with_the_drive(database: Database) -> None:
    from davdrive.metadata.properties import PropertyName, set_property

    drive, node = make_drive(database), add(database, "f")
    assert (_drive(database).has_locks, _drive(database).has_properties) == (False, False)
    database.write(lambda session: set_property(session, drive, node, PropertyName("urn:x", "p"), "<p/>"))
    assert (bool(_drive(database).has_locks), bool(_drive(database).has_properties)) == (False, True)
