"""Password guessing, slowed: failures are counted by user and by address, and each costs a growing delay.

An attempt is counted as a failure before the password is looked at and taken back when it was right, so that a burst of
parallel guesses counts in full. While a delay runs, attempts are refused without being looked at or counted.
A success clears the user's count but not the address's, or a guesser with an account of their own would go free.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Protocol

from davdrive.auth.addresses import address_group

_PLAIN_KEY_CHARACTERS = 64
_MAX_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class Failures:
    """How many attempts failed for a key, and the time of the last, in seconds of the store's clock."""

    count: int = 0
    last_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures cost nothing, then the delay doubles from `first_s` to `max_s`; `forget_s` later all is well."""

    free: int
    first_s: float
    max_s: float
    forget_s: float

    def wait_s(self, failures: Failures, now: float) -> float:
        """Seconds until the next attempt may be made; 0 if now. A clock that went back starts the delay anew."""
        over = failures.count - self.free
        passed = max(0.0, now - failures.last_s)
        if over < 0 or failures.count == 0 or passed >= self.forget_s:
            return 0.0
        delay = min(self.max_s, self.first_s * 2.0 ** min(over, _MAX_DOUBLINGS))
        return max(0.0, delay - passed)

    def counted(self, failures: Failures, now: float) -> Failures:
        """The state after an attempt: one more failure if it may be made, unchanged if it must wait."""
        if self.wait_s(failures, now) > 0:
            return failures
        kept = 0 if now - failures.last_s >= self.forget_s else failures.count
        return Failures(kept + 1, now)


class FailureStore(Protocol):
    """Where failures are kept; shared by all processes and nodes in a drive's database."""

    def update(self, key: str, change: Callable[[Failures], Failures]) -> Failures:
        """Replace the state of `key` by `change` of it, atomically, and return the state before.

        A key without a state has `Failures()`; a changed state with count 0 may be removed.
        """
        ...


class Throttle:
    """Whether somebody may try a password now. The same rules for users that exist and those that do not."""

    def __init__(self, store: FailureStore, user: Rule, address: Rule) -> None:
        self._store = store
        self._user = user
        self._address = address

    def attempt(self, user: str, address: str, now: float) -> float:
        """Count an attempt by `user` from `address`. Return 0 if it may go on, or the seconds to wait (429)."""
        place = address_key(address)
        before = self._store.update(place, lambda state: self._address.counted(state, now))
        if wait := self._address.wait_s(before, now):
            return wait
        before = self._store.update(user_key(user), lambda state: self._user.counted(state, now))
        if wait := self._user.wait_s(before, now):
            self._store.update(place, _taken_back)
            return wait
        return 0.0

    def succeeded(self, user: str, address: str) -> None:
        """The attempt that was counted had the right password."""
        self._store.update(user_key(user), lambda _: Failures())
        self._store.update(address_key(address), _taken_back)


def _taken_back(state: Failures) -> Failures:
    return Failures(max(0, state.count - 1), state.last_s)


def user_key(user: str) -> str:
    """The key of a user, bounded in length whatever name a stranger sends."""
    name = user if len(user) <= _PLAIN_KEY_CHARACTERS else blake2b(user.encode("utf-8", "replace")).hexdigest()[:32]
    return f"user:{name}"


def address_key(address: str) -> str:
    return f"address:{address_group(address)}"


class MemoryFailures:
    """Failures in this process alone, while the database has no room for them; the `entries` used last are kept."""

    def __init__(self, entries: int = 10_000) -> None:
        self._states: OrderedDict[str, Failures] = OrderedDict()
        self._entries = entries
        self._mutex = Lock()

    def update(self, key: str, change: Callable[[Failures], Failures]) -> Failures:
        with self._mutex:
            before = self._states.pop(key, Failures())
            after = change(before)
            if after.count:
                self._states[key] = after
            if len(self._states) > self._entries:
                self._states.popitem(last=False)
            return before
