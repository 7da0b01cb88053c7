"""Questions that travel ahead are answered as if they had been asked when their turn came."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.resources import PathKeys, ask_chain, chain
from davdrive.metadata.session import Question, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Change, Transaction, transact
from tests.metadata.metadata_rig import add, add_in, change, keys, make_drive

_WAITING = Statement("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
WAIT_S = 20


def _ahead(*paths: PathKeys) -> Change:
    def ahead() -> Sequence[Question]:
        return [ask_chain(path) for path in paths]

    return Change("test", SYSTEM, "home", ahead=ahead)


def _names(session: Session, path: PathKeys) -> list[str]:
    return [each.name for each in chain(session, path)][1:]


def test_what_was_asked_ahead_sees_what_was_committed_while_the_writer_lock_was_waited_for(postgres_url: str) -> None:
    one, other = Database(DatabaseOptions(postgres_url)), Database(DatabaseOptions(postgres_url))
    make_drive(one)
    begun, may_go_on = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> None:
        begun.set()
        assert may_go_on.wait(WAIT_S)
        add_in(transaction, "a", ROOT, b"1")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(change, one, slow)
        assert begun.wait(WAIT_S)
        second = pool.submit(transact, other, _ahead(keys("a")), lambda found: _names(found.session, keys("a")))
        while not one.read(_somebody_waits):
            assert not second.done()
        may_go_on.set()
        first.result(WAIT_S)
        assert second.result(WAIT_S) == ["a"]
    one.close()
    other.close()


def _somebody_waits(session: Session) -> bool:
    return session.row(_WAITING) is not None


def test_an_answer_that_came_ahead_is_forgotten_at_the_first_write(database: Database) -> None:
    make_drive(database)

    def work(transaction: Transaction) -> tuple[list[str], list[str]]:
        before = _names(transaction.session, keys("a"))
        add_in(transaction, "a", ROOT, b"1")
        return before, _names(transaction.session, keys("a"))

    assert transact(database, _ahead(keys("a"), keys("b")), work) == ([], ["a"])


def test_an_answer_that_came_ahead_does_not_outlive_its_read(database: Database) -> None:
    make_drive(database)

    def look(session: Session) -> int:
        session.foresee(lambda: [ask_chain(keys("a"))])
        return find_drive(session, "home", SYSTEM).revision

    assert database.read(look) == 0
    add(database, "a")
    assert database.read(lambda session: _names(session, keys("a"))) == ["a"]


def test_questions_that_were_foreseen_in_vain_do_not_travel_with_the_next_read(database: Database) -> None:
    make_drive(database)
    database.read(lambda session: session.foresee(lambda: [ask_chain(keys("a"))]))
    add(database, "a")
    assert database.read(lambda session: (find_drive(session, "home", SYSTEM), _names(session, keys("a")))[1]) == ["a"]
