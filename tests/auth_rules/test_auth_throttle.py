"""Guessing is slowed for guessers, and owners are not locked out."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from davdrive.auth.throttle import Failures, MemoryFailures, Rule, Throttle, user_key

USER = Rule(free=3, first_s=1, max_s=8, forget_s=100)
ADDRESS = Rule(free=10, first_s=1, max_s=60, forget_s=100)


def throttle(store: MemoryFailures | None = None) -> Throttle:
    return Throttle(store or MemoryFailures(), USER, ADDRESS)


def test_the_free_failures_cost_nothing_and_the_delay_doubles_up_to_its_bound() -> None:
    guard, now, waits = throttle(), 0.0, []
    for number in range(8):
        while wait := guard.attempt("ann", f"192.0.2.{number}", now):
            waits.append(wait)
            now += wait
    assert waits == [1, 2, 4, 8, 8]


def test_a_refused_attempt_is_not_counted_and_does_not_prolong_the_delay() -> None:
    guard = throttle()
    for _ in range(3):
        guard.attempt("ann", "192.0.2.1", 0)
    assert [guard.attempt("ann", "192.0.2.1", now) for now in (0, 0.25, 0.5, 0.75)] == [1, 0.75, 0.5, 0.25]
    assert guard.attempt("ann", "192.0.2.1", 1) == 0


def test_an_address_that_tries_many_users_is_delayed_for_every_user() -> None:
    guard = throttle()
    for number in range(10):
        assert guard.attempt(f"user{number}", "2001:db8::1", 0) == 0
    assert guard.attempt("another", "2001:db8::2", 0) == 1  # the same /64
    assert guard.attempt("another", "2001:db8:0:1::2", 0) == 0


def test_a_success_clears_the_user_and_takes_its_own_attempt_back_from_the_address() -> None:
    guard = throttle()
    for _ in range(100):
        assert guard.attempt("ann", "192.0.2.1", 0) == 0
        guard.succeeded("ann", "192.0.2.1")


def test_a_guesser_with_an_own_account_does_not_clear_the_address() -> None:
    guard, refused = throttle(), 0
    for number in range(30):
        refused += guard.attempt(f"victim{number}", "192.0.2.1", 0) > 0
        if guard.attempt("mallory", "192.0.2.1", 0) == 0:
            guard.succeeded("mallory", "192.0.2.1")
    assert refused == 20


def test_failures_are_forgotten_after_their_time() -> None:
    guard = throttle()
    for _ in range(3):
        guard.attempt("ann", "192.0.2.1", 0)
    assert guard.attempt("ann", "192.0.2.1", 0) > 0
    assert [guard.attempt("ann", "192.0.2.1", 100) for _ in range(3)] == [0, 0, 0]
    assert guard.attempt("ann", "192.0.2.1", 100) == 1


def test_parallel_guesses_count_in_full() -> None:
    guard, results = throttle(), []
    threads = [threading.Thread(target=lambda: results.append(guard.attempt("ann", "192.0.2.1", 5))) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(0) == USER.free


def test_a_clock_that_goes_back_never_makes_the_delay_longer_than_its_bound() -> None:
    assert USER.wait_s(Failures(9, 1_000_000), 0) == USER.max_s


def test_memory_and_keys_are_bounded() -> None:
    store = MemoryFailures(entries=5)
    guard = throttle(store)
    for number in range(50):
        guard.attempt(f"user{number}" * 100, f"192.0.2.{number}", 0)
    assert len(store._states) == 5
    assert len(user_key("x" * 100_000)) < 64


@given(st.integers(0, 10**6), st.floats(0, 1e9), st.floats(0, 1e9))
def test_no_wait_is_negative_or_over_the_bound(count: int, last: float, now: float) -> None:
    assert 0 <= USER.wait_s(Failures(count, last), now) <= USER.max_s
