"""Expired locks are kept for their holders, but never more of them than there may be locks."""

from dataclasses import replace

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.lock import LockRequest, lock
from davdrive.errors import TooLarge
from davdrive.metadata.caller import SYSTEM
from tests.upkeep.upkeep_rig import at, count, folder

MOST = 5
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
