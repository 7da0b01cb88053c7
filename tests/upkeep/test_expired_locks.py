"""Expired locks are kept for their holders, but never more of them than there may be locks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.unlock import refresh
from davdrive.errors import PreconditionFailed, TooLarge
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.locks import all_locks, sweep_locks
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.upkeep import rounds
from tests.upkeep.conftest import AT_ONCE
from tests.upkeep.upkeep_rig import at, count, folder, upkeep

MOST, WAIT_S, SOON_S = 5, 20, 0.2
_AGE = Statement("UPDATE locks SET expires_ms = expires_ms - :ms WHERE token = :token")
SOON, LATER = LockRequest(infinite=False, timeout_s=0), LockRequest(infinite=False)


@pytest.fixture
def few(backend: Backend) -> Backend:
    """A drive with room for few locks."""
    folder(backend, "d/a")
    return replace(backend, limits=replace(backend.limits, locks=MOST, lock_owners_bytes=2000))


def test_locks_that_expired_do_not_pile_up(few: Backend) -> None:
    """Every change of a tree reads those below it: whoever locks for seconds would fill the memory in an hour."""
    for number in range(3 * MOST):
        lock(few, SYSTEM, at(f"d/n{number}"), SOON)
        assert count(few, "locks") <= MOST + 1


def test_owners_of_locks_that_expired_do_not_pile_up(few: Backend) -> None:
    many = replace(few, limits=replace(few.limits, locks=1000))
    for number in range(10):
        lock(many, SYSTEM, at(f"d/n{number}"), replace(SOON, owner_xml="o" * 999))
        assert count(many, "locks") <= 4


def test_a_few_that_expired_are_kept_and_count_for_nothing(few: Backend) -> None:
    lock(few, SYSTEM, at("d/short"), SOON)
    for number in range(MOST):
        lock(few, SYSTEM, at(f"d/n{number}"), LATER)
        assert count(few, "locks") == (number + 2 if number < MOST - 1 else MOST), number
    with pytest.raises(TooLarge):
        lock(few, SYSTEM, at("d/more"), LATER)


def test_upkeep_forgets_what_expired_long_ago_and_nothing_else(few: Backend) -> None:
    for drive in ("d", "e"):
        lock(few, SYSTEM, at(f"{drive}/soon"), SOON)
        lock(few, SYSTEM, at(f"{drive}/later"), LATER)
    _lock_long_ago(few, "d/old")
    upkeep(few, AT_ONCE)
    assert sorted(each.path for each in few.database.read(all_locks)) == ["/later", "/later"]
    assert count(few, "locks") == 4


def _lock_long_ago(backend: Backend, path: str) -> str:
    """A lock that expired two days ago; its token."""
    token = lock(backend, SYSTEM, at(path), SOON).lock.token
    backend.database.write(lambda session: session.run(_AGE, ms=2000 * rounds.LOCK_KEPT_S, token=token))
    return token


def test_a_lock_is_not_forgotten_while_its_holder_takes_it_up_again(
    few: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL its holder was told that it was locked again, and it was gone."""
    token = _lock_long_ago(few, "d/f")
    swept, may_go_on = threading.Event(), threading.Event()

    def slowly(session: Session, drive: int, before_ms: int) -> None:
        sweep_locks(session, drive, before_ms)
        swept.set()
        assert may_go_on.wait(WAIT_S)

    monkeypatch.setattr(rounds, "sweep_locks", slowly)
    held = Conditions(if_lists=(StateList((StateCondition(token),)),))
    with ThreadPoolExecutor(2) as pool:
        forgetting = pool.submit(upkeep, few, AT_ONCE)
        assert swept.wait(WAIT_S)
        refreshing = pool.submit(refresh, few, SYSTEM, at("d/f"), held, 600)
        with pytest.raises(TimeoutError):
            refreshing.result(SOON_S)
        may_go_on.set()
        forgetting.result(WAIT_S)
        assert isinstance(refreshing.exception(WAIT_S), PreconditionFailed)
