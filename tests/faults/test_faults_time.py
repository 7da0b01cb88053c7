"""Wall clocks that are set, on one node and between nodes, and nodes that sleep: no lock ends early or comes back."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.dav import take_lock
from tests.support.http import Client
from tests.support.nodes import running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import running_server

PROGRAM = "tests.support.set_clock"
USERS = {"bob": "bob's secret"}
DAY_S = 86_400
SHORT_S = 5
"""The shortest lock."""


@dataclass
class Pair:
    """Two servers on one drive, each with a clock of its own that a test may set, and the processes behind them."""

    clients: tuple[Client, Client]
    clocks: tuple[Path, Path]
    pids: tuple[int, int]

    def set_clocks(self, first_s: float, second_s: float) -> None:
        for clock, ahead_s in zip(self.clocks, (first_s, second_s), strict=True):
            fresh = clock.with_suffix(".new")
            fresh.write_text(str(ahead_s))
            fresh.replace(clock)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """The first sleeps."""
        os.kill(self.pids[0], signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pids[0], signal.SIGCONT)


def _settings(folder: Path) -> tuple[tuple[Path, Path], list[dict[str, str]]]:
    clocks = (folder / "clock0", folder / "clock1")
    return clocks, [{"DAVDRIVE_TEST_CLOCK": str(clock)} for clock in clocks]


@contextmanager
def on_sqlite(folder: Path, **more: str) -> Iterator[Pair]:
    clocks, settings = _settings(folder)
    data_dir = folder / "data"
    with (
        running_server(data_dir, USERS, program=PROGRAM, settings={**settings[0], **more}) as one,
        running_server(data_dir, USERS, program=PROGRAM, settings={**settings[1], **more}) as other,
    ):
        yield Pair((one.client(), other.client()), clocks, (one.pid, other.pid))


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "sqlite":
        with on_sqlite(tmp_path) as found:
            yield found
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    seaweed: Seaweed = request.getfixturevalue("seaweed")
    url = postgres.fresh()
    clocks, own = _settings(tmp_path)
    with running_cluster(store_settings(url, seaweed), tmp_path, 2, users=USERS, own=own, program=PROGRAM) as cluster:
        one, other = cluster.nodes
        yield Pair((one.client(), other.client()), clocks, (one.pid, other.pid))
    postgres.drop(url)


def _lock(client: Client, path: str, seconds: int) -> str:
    answer = take_lock(client, path, Timeout=f"Second-{seconds}")
    assert answer.status in (200, 201), answer
    return answer.token


def _write(client: Client, path: str, token: str = "") -> int:
    return client.put(path, b"x", **({"If": f"(<{token}>)"} if token else {})).status


def locks_live_as_long_as_they_were_granted_for(pair: Pair) -> None:
    """A long lock through jumps in both directions, and a short one that has to end in spite of them."""
    here, there = pair.clients
    long, short = _lock(here, "long", 600), _lock(here, "short", SHORT_S)
    granted = time.monotonic()
    for jump in ((DAY_S, 0), (-DAY_S, DAY_S), (0, -30 * DAY_S), (30 * DAY_S, -DAY_S)):
        pair.set_clocks(*jump)
        for client in pair.clients:
            assert _write(client, "long") == 423, jump
            assert _write(client, "long", long) == 204, jump
            assert take_lock(client, "long").status == 423, jump
            if time.monotonic() - granted < SHORT_S - 2:
                assert _write(client, "short") == 423, jump
    time.sleep(max(0.0, granted + SHORT_S + 0.5 - time.monotonic()))
    for jump in ((-DAY_S, -DAY_S), (0, 0), (-30 * DAY_S, DAY_S)):
        pair.set_clocks(*jump)
        for client in pair.clients:
            assert _write(client, "short") == 204, jump
    taken = _lock(there, "short", 600)
    pair.set_clocks(-DAY_S, 0)
    assert _write(here, "short", short) in (412, 423)
    assert _write(here, "short", taken) == 204


def test_a_wall_clock_that_is_set_neither_shortens_nor_resurrects_a_lock(pair: Pair) -> None:
    locks_live_as_long_as_they_were_granted_for(pair)


def test_locks_that_live_by_the_wall_clock_are_caught(tmp_path: Path) -> None:
    with on_sqlite(tmp_path, DAVDRIVE_TEST_CLOCK_FAULT="1") as pair, pytest.raises(AssertionError, match="== 423"):
        locks_live_as_long_as_they_were_granted_for(pair)


def test_a_node_that_slept_longer_than_a_lock_lived_neither_keeps_nor_gets_it_back(pair: Pair) -> None:
    here, there = pair.clients
    lost, kept = _lock(here, "lost", SHORT_S), _lock(here, "kept", 600)
    assert _write(here, "lost", lost) == 204
    until = time.monotonic() + SHORT_S + 0.5

    def body() -> Iterator[bytes]:
        """Half of it before the node sleeps, half when it is awake again."""
        yield b"half"
        time.sleep(0.3)
        with pair.asleep():
            assert _write(there, "lost") == 423, "the sleep of a node must not end a lock"
            assert _write(there, "kept") == 423
            time.sleep(max(0.0, until - time.monotonic()))
            taken.append(_lock(there, "lost", 600))
            assert _write(there, "kept") == 423
        yield b"rest"

    taken: list[str] = []
    assert here.put("lost", body(), If=f"(<{lost}>)").status in (412, 423)
    assert there.get("lost").body == b"x"
    assert _write(here, "lost", lost) in (412, 423)
    assert _write(here, "lost", taken[0]) == 204
    assert _write(here, "kept", kept) == 204
