"""Users that were looked up a moment ago, where each look-up is a round trip over the network."""

import threading
import time
from collections.abc import Callable

from davdrive.metadata.users import User

MOST_KNOWN = 4096
"""Users kept in memory; when there are more, all are looked up anew."""


class KnownUsers:
    """Remembers users by name for `seconds`; 0 remembers nobody. So long may a change of password or a removal take
    until every process heeds it. Names that nobody has are never remembered. `clock` is monotonic, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, tuple[float, User]] = {}
        self._mutex = threading.Lock()

    @property
    def remembers(self) -> bool:
        """Whether anybody is remembered at all."""
        return self._seconds > 0

    def find(self, key: str, look_up: Callable[[], User | None]) -> User | None:
        """The user of that name key."""
        if not self._seconds:
            return look_up()
        ends, user = self._known.get(key, (0.0, None))
        if user is not None and self._clock() < ends:
            return user
        ends, found = self._clock() + self._seconds, look_up()
        with self._mutex:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known.pop(key, None)
            if found is not None:
                self._known[key] = (ends, found)
        return found
