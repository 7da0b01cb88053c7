"""The queue in front of SQLite's one writer: everybody leads or is led, exactly once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from davdrive.metadata.writer import GroupWriter

WAIT_S = 10


class NoDatabase:
    """Connections, a connection and a turnstile in one: whatever is executed succeeds."""

    session: Any = None
    driver_error = OSError

    def __init__(self) -> None:
        self.commits = 0

    @contextmanager
    def borrow(self) -> Iterator["NoDatabase"]:
        yield self

    @contextmanager
    def passage(self) -> Iterator[None]:
        yield

    def execute(self, sql: str) -> None:
        self.commits += sql == "COMMIT"

    def rollback(self) -> None:
        """Nothing was written."""

    def close(self) -> None:
        """Nothing is held."""


class SlowToLeave:
    """A mutex whose holder named "late" is held up right after it let go of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.left, self.may_go_on = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if threading.current_thread().name == "late":
            self.left.set()
            assert self.may_go_on.wait(WAIT_S)


def test_one_who_is_handed_the_lead_before_it_waits_still_leads_once() -> None:
    """It came while somebody led, who handed over before it looked whether to wait."""
    database: Any = NoDatabase()
    writer, mutex, done = GroupWriter(database, database), SlowToLeave(), list[str]()
    writer._queue._mutex = mutex  # type: ignore[assignment]
    late = threading.Thread(target=lambda: done.append(writer.run(lambda _: "late")), name="late")

    def first(_: object) -> str:
        late.start()
        assert mutex.left.wait(WAIT_S)
        return "first"

    done.append(writer.run(first))
    mutex.may_go_on.set()
    late.join(WAIT_S)
    assert done == ["first", "late"]
    assert writer.run(lambda _: "after") == "after"


def test_nobody_is_forgotten_when_many_come_at_once() -> None:
    database: Any = NoDatabase()
    writer = GroupWriter(database, database)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda number: writer.run(lambda _: number), range(20_000), timeout=60))
    assert results == list(range(20_000))
    assert database.commits <= 20_000
