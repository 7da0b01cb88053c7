"""Three nodes whose background upkeep is always due: one at a time does it, and one that is killed in the middle lets
go of it."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, pairwise
from time import time

import psycopg
import pytest

from davdrive.upkeep.rounds import BEGINS, ELSEWHERE, ENDS
from tests.support.eventually import until
from tests.support.http import Client
from tests.support.nodes import Cluster, Node, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed

ALWAYS_DUE = {
    "DAVDRIVE_UPKEEP__INTERVAL_S": "0.02",
    "DAVDRIVE_UPKEEP__RETENTION_DAYS": "0",
    "DAVDRIVE_UPKEEP__GRACE_S": "2",
    "DAVDRIVE_LIMITS__REQUEST_S": "2",
    "DAVDRIVE_LOG__LEVEL": "debug",
    "DAVDRIVE_LOG__FORMAT": "json",
    # Longer than a round is held up below.
    "DAVDRIVE_METADATA__LOCK_TIMEOUT_S": "120",
    "DAVDRIVE_METADATA__STATEMENT_TIMEOUT_S": "240",
}
ROUNDS = 3
"""So many of each node at least, while people write at all of them."""

LOST = "the connection that held the upkeep lock broke"
LARGER_THAN_A_ROW = 100_000
_WAITING = """
    SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'app_passwords'::regclass"""
_HOLDER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())"""


@dataclass(frozen=True)
class Run:
    """A round as a node's log tells of it, in unix seconds; `ends` is None for one that is not over."""

    begins: float
    ends: float | None
    node: int


@dataclass
class Watched:
    """The nodes, the database that they share, and when those that were killed were."""

    cluster: Cluster
    database: str
    killed: dict[int, float] = field(default_factory=dict)

    def lines(self, node: int) -> list[tuple[float, str]]:
        """When, and what the upkeep of a node said."""
        said = (line for line in self.cluster.nodes[node].log().splitlines() if '"davdrive.upkeep"' in line)
        whole = (json.loads(line) for line in said if line.endswith("}"))
        return [(datetime.fromisoformat(line["timestamp"]).timestamp(), line["event"]) for line in whole]

    def runs_of(self, node: int) -> list[Run]:
        marks = [mark for mark in self.lines(node) if mark[1] in (BEGINS, ENDS)]
        after = [*marks[1:], (self.killed.get(node), ENDS)]
        return [Run(at, end, node) for (at, what), (end, _) in zip(marks, after, strict=False) if what == BEGINS]

    def runs(self) -> list[Run]:
        found = [run for node in range(len(self.cluster.nodes)) for run in self.runs_of(node)]
        return sorted(found, key=lambda run: run.begins)

    def under_way(self) -> list[Run]:
        return [run for run in self.runs() if run.ends is None]

    def turned_away(self, node: int, since: float) -> int:
        return sum(at > since and what == ELSEWHERE for at, what in self.lines(node))

    @contextmanager
    def held_up(self) -> Iterator[Run]:
        """Every round waits in its first step; the one that is doing so now."""
        with psycopg.connect(self.database) as connection:
            connection.execute("LOCK TABLE app_passwords IN EXCLUSIVE MODE")
            until(lambda: connection.execute(_WAITING).fetchone())
            (run,) = self.under_way()
            others = {number for number in range(len(self.cluster.nodes)) if number not in (run.node, *self.killed)}
            until(lambda: all(self.turned_away(other, run.begins) > 1 for other in others))
            assert self.under_way() == [run]
            yield run


def overlapping(runs: list[Run]) -> list[tuple[Run, Run]]:
    """Rounds of which the second began before the first was over."""
    return [(one, other) for one, other in pairwise(runs) if one.ends is None or other.begins < one.ends]


@pytest.fixture(scope="module")
def watched(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    url, folder = postgres.fresh(), tmp_path_factory.mktemp("upkeep")
    settings: Mapping[str, str] = {**store_settings(url, seaweed), **ALWAYS_DUE}
    with running_cluster(settings, folder, 3, users={"bob": "b"}) as cluster:
        yield Watched(cluster, url.replace("postgresql+psycopg:", "postgresql:"))
    postgres.drop(url)


def _write(client: Client, name: str, over: threading.Event) -> int:
    """Replace and remove files until it is over; how many changes were acknowledged."""
    done = 0
    for number in count():
        if over.is_set():
            return done
        done += client.put(f"{name}{number % 3}", os.urandom(LARGER_THAN_A_ROW)).status in (201, 204)
        if number % 3 == 2:
            done += client.do("DELETE", f"{name}{number % 3}").status == 204
    raise AssertionError


def _purged(node: Node) -> bool:
    return "old versions" in node.log()


def test_rounds_of_three_nodes_never_overlap_while_people_write(watched: Watched) -> None:
    nodes, over = watched.cluster.nodes, threading.Event()
    with ThreadPoolExecutor(len(nodes)) as pool:
        writing = [pool.submit(_write, node.client(), f"f{n}-", over) for n, node in enumerate(nodes)]
        try:
            until(lambda: all(len(watched.runs_of(node)) >= ROUNDS for node in range(len(nodes))), 60)
            until(lambda: any(map(_purged, nodes)), 60)
        finally:
            over.set()
        assert all(each.result() for each in writing)
    assert overlapping([run for run in watched.runs() if run.ends is not None]) == []


def test_a_round_that_loses_its_lock_is_seen_to_overlap_and_deletes_nothing_more(watched: Watched) -> None:
    """The fault that shows that the proof above can fail: the lock is taken away from who holds it."""
    with watched.held_up() as run:
        with psycopg.connect(watched.database, autocommit=True) as connection:
            connection.execute(_HOLDER)
        until(lambda: len(watched.under_way()) == 2)
        assert [one for one, _ in overlapping(watched.runs())][-1] == run
    until(lambda: any(LOST in what for at, what in watched.lines(run.node) if at > run.begins))


def test_a_node_that_is_killed_in_the_middle_of_its_round_leaves_it_to_another(watched: Watched) -> None:
    with watched.held_up() as run:
        killed_at = time()
        watched.cluster.nodes[run.node].kill()
        watched.killed[run.node] = killed_at
        until(watched.under_way)
        (next_run,) = watched.under_way()
        assert next_run.node != run.node
    until(lambda: next_run not in watched.runs())
    runs = [each for each in watched.runs() if each.ends is not None and each.begins >= run.begins]
    assert runs[0] == Run(run.begins, killed_at, run.node)
    assert overlapping(runs) == []
