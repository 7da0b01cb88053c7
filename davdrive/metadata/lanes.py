"""A queue for each drive that is being changed, and none for the others."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from davdrive.metadata.queueing import GroupQueue


@dataclass
class _Lane:
    queue: GroupQueue
    users: int = 0


class Lanes:
    """Queues by name; one that nobody uses is forgotten. `make` makes one."""

    def __init__(self, make: Callable[[], GroupQueue]) -> None:
        self._make = make
        self._mutex = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    def __len__(self) -> int:
        """How many wait for their turn, in all lanes together."""
        with self._mutex:
            return sum(len(lane.queue) for lane in self._lanes.values())

    @contextmanager
    def lane(self, name: str) -> Iterator[GroupQueue]:
        """The queue of that name, for as long as the block lasts."""
        with self._mutex:
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = _Lane(self._make())
            lane.users += 1
        try:
            yield lane.queue
        finally:
            with self._mutex:
                lane.users -= 1
                if not lane.users:
                    del self._lanes[name]


class Acquaintances:
    """Who has changed which drive before. Only they enter its lane: a stranger would wait there with its members, and
    learn from the waiting that there is such a drive. At most `most` pairs; when there are more, all begin anew."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: set[tuple[int | None, str]] = set()

    def lane(self, user: int | None, drive_key: str | None) -> str | None:
        """The lane for a change of that drive, None for one that goes alone. `user`: None for the system."""
        known = user is None or (user, drive_key) in self._known
        return drive_key if known else None

    def add(self, user: int | None, drive_key: str | None) -> None:
        """The user's change of the drive was committed."""
        if user is None or drive_key is None or (user, drive_key) in self._known:
            return
        if len(self._known) >= self._most:
            self._known.clear()
        self._known.add((user, drive_key))
