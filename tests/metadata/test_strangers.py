"""A stranger waits for nobody's changes, holds nobody up, and asks for nothing ahead: no drive tells by the time that
it takes whether it is there, whether it is busy, or what is in it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import hold_drive_named
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.familiar import Familiar
from davdrive.metadata.resources import ask_chain
from davdrive.metadata.session import Question
from davdrive.metadata.tables import EDITOR
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.users import create_user, grant, revoke
from tests.metadata.metadata_rig import change, keys, make_drive

STRANGER = Caller("stranger", 77)
AT_ONCE_S, WAIT_S = 5, 20


def _while_it_is_busy(database: Database, then: Callable[[], object]) -> object:
    """What `then` answers while a change of the drive is under way."""
    begun, may_go_on = threading.Event(), threading.Event()

    def slow(_transaction: Transaction) -> None:
        begun.set()
        assert may_go_on.wait(WAIT_S)

    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(change, database, slow)
        assert begun.wait(WAIT_S)
        asking = pool.submit(then)
        try:
            return asking.exception(AT_ONCE_S) or asking.result()
        finally:
            may_go_on.set()
            leading.result(WAIT_S)


def test_a_stranger_does_not_wait_for_a_drive_that_is_busy(postgres_url: str) -> None:
    database = Database(DatabaseOptions(postgres_url, wait_s=WAIT_S))
    make_drive(database)
    change_it = lambda: change(database, lambda _transaction: None, caller=STRANGER)  # noqa: E731
    assert isinstance(_while_it_is_busy(database, change_it), NotFound)
    hold_it = lambda: database.write(lambda session: hold_drive_named(session, "home", STRANGER))  # noqa: E731
    assert isinstance(_while_it_is_busy(database, hold_it), NotFound)
    database.close()


def test_only_whom_a_drive_let_in_before_asks_ahead(postgres_url: str) -> None:
    database = Database(DatabaseOptions(postgres_url))
    drive = make_drive(database)
    user = database.write(lambda session: create_user(session, "bob", "bob", "", digest_ha1=None, administrator=False))
    bob, asked = Caller("bob", user), []

    def ahead() -> Sequence[Question]:
        asked.append("home")
        return [ask_chain(keys("a"))]

    def changes(caller: Caller) -> bool:
        asked.clear()
        transact(database, Change("test", caller, "home", ahead=ahead), lambda _transaction: None)
        return bool(asked)

    for _ in range(2):
        with pytest.raises(NotFound):
            changes(bob)
        assert not asked
    database.write(lambda session: grant(session, drive, user, EDITOR))
    assert [changes(bob), changes(bob)] == [False, True]
    database.write(lambda session: revoke(session, drive, user))
    for known in (True, False):
        with pytest.raises(NotFound):
            changes(bob)
        assert bool(asked) is known
    database.close()


def test_no_more_are_remembered_than_a_limit_says() -> None:
    familiar = Familiar(most=2)
    callers = [Caller(str(user), user) for user in range(3)]
    for caller in callers:
        familiar.met("home", caller, let_in=True)
    assert [familiar.has(("home",), caller) for caller in callers] == [False, False, True]
    assert not familiar.has(("home", "other"), callers[2])
