"""Remembered credentials: no hash a request, no password in memory, no answer from before a change."""

import gc
import threading
import time

import pytest

from davdrive.auth.remember import Remembered
from davdrive.baton import TURN, resting


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def remembering(seconds: float = 60, entries: int = 100) -> tuple[Remembered[str], Clock, list[str]]:
    clock = Clock()
    return Remembered(seconds, entries, clock), clock, []


def test_the_second_request_asks_nobody_until_the_time_is_over() -> None:
    memory, clock, calls = remembering(60)

    def verify() -> str:
        calls.append("x")
        return "ann"

    for clock.now in (0, 30, 59.9):
        assert memory.check("ann", "pw", "hash", verify) == "ann"
    assert len(calls) == 1
    clock.now = 60
    assert memory.check("ann", "pw", "hash", verify) == "ann"
    assert len(calls) == 2


def test_a_wrong_password_is_never_remembered_and_does_not_disturb_the_right_one() -> None:
    memory, _, calls = remembering()
    assert memory.check("ann", "pw", "hash", lambda: "ann") == "ann"
    for _ in range(2):
        assert memory.check("ann", "wrong", "hash", lambda: calls.append("x")) is None
    assert len(calls) == 2
    assert memory.check("ann", "pw", "hash", lambda: None) == "ann"


def test_user_and_password_do_not_run_into_each_other() -> None:
    memory, _, _ = remembering()
    memory.check("ab", "c", "h", lambda: "ab")
    assert memory.check("a", "bc", "h", lambda: None) is None


def test_a_changed_hash_ends_what_was_remembered() -> None:
    memory, _, _ = remembering()
    memory.check("ann", "pw", "old hash", lambda: "ann")
    assert memory.check("ann", "pw", "new hash", lambda: None) is None
    assert memory.check("ann", "pw", "old hash", lambda: None) is None


def test_the_memory_is_bounded_and_the_oldest_makes_room() -> None:
    memory, _, _ = remembering(entries=3)
    for number in range(5):
        memory.check(f"u{number}", "pw", "h", lambda: "x")
    assert len(memory) == 3
    assert memory.check("u4", "pw", "h", lambda: None) == "x"
    assert memory.check("u0", "pw", "h", lambda: None) is None


def test_a_burst_of_equal_credentials_costs_one_verification() -> None:
    memory, _, calls = remembering()
    ready, results = threading.Event(), []

    def verify() -> str:
        calls.append("x")
        ready.wait(5)
        return "ann"

    threads = [
        threading.Thread(target=lambda: results.append(memory.check("ann", "pw", "h", verify))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()
    assert results == ["ann"] * 16
    assert len(calls) == 1


def test_a_verification_that_raises_leaves_those_who_waited_to_try_themselves() -> None:
    memory, _, calls = remembering()
    first, ready, results = threading.Event(), threading.Event(), []

    def fails() -> str:
        first.set()
        ready.wait(5)
        raise OSError("the database is away")

    def works() -> str:
        calls.append("x")
        return "ann"

    def lead() -> None:
        with pytest.raises(OSError, match="away"):
            memory.check("ann", "pw", "h", fails)

    leader = threading.Thread(target=lead)
    leader.start()
    first.wait(5)
    follower = threading.Thread(target=lambda: results.append(memory.check("ann", "pw", "h", works)))
    follower.start()
    ready.set()
    leader.join()
    follower.join()
    assert results == ["ann"]
    assert len(calls) == 1


def test_no_password_stays_in_memory() -> None:
    memory, _, _ = remembering()
    password = "correct horse " + "battery staple"
    memory.check("ann", password, "h", lambda: "ann")
    held: list[object] = [memory]
    seen: set[int] = set()
    while held:
        item = held.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        seen.add(id(item))
        assert item != password
        assert item != password.encode()
        held.extend(found for found in gc.get_referents(item) if len(seen) < 100_000)
        if len(seen) > 200:
            break


def test_who_waits_for_anothers_verification_lets_it_compute() -> None:
    remembered: Remembered[str] = Remembered(60, 10)
    begun, found = threading.Event(), []

    def verify() -> str:
        with resting():
            begun.set()
            time.sleep(0.1)
        return "bob"

    def request() -> None:
        with TURN:
            found.append(remembered.check("bob", "secret", "hash", verify))

    first = threading.Thread(target=request, daemon=True)
    first.start()
    assert begun.wait(5)
    second = threading.Thread(target=request, daemon=True)
    second.start()
    for thread in (first, second):
        thread.join(5)
    assert found == ["bob", "bob"]
