"""The same races over HTTP: two servers on one database, or two workers of one server, and a client of each."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.drive.open import sqlite_url
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.memory import MemoryStore
from tests.races.changes import CHANGES, DRIVE, MADE, OTHER, Order
from tests.races.gate import deadlocks, gate
from tests.races.ops import call
from tests.races.oracle import PEOPLE, Arena, oracle
from tests.races.rig import Track, pairs
from tests.races.site import Site
from tests.support.clock import Clock
from tests.support.eventually import until
from tests.support.http import Client, Connection
from tests.support.nodes import running_cluster
from tests.support.serving import RunningServer, running_server
from tests.wire_model.wire_ops import Refusal, WireOps, WireWorld

USERS = {name: f"{name}'s secret" for name in PEOPLE}
METHODS = {"move", "copy", "delete", "put", "mkcol", "lock", "unlock", "refresh", "proppatch"}
ARRIVE_S = 0.012
"""From sending a request until it waits at the gate."""

MOST_CONNECTIONS = 64
KEPT = {"DAVDRIVE_SERVER__IDLE_S": "3600"}
"""A connection may have nothing to do for as long as others race."""

IMPORTANT = [
    ("MOVE a into b", "MOVE b into a"),
    ("MOVE a into b", "MOVE a/x to c"),
    ("MOVE a into b", "DELETE a"),
    ("MOVE a/f over l", "UNLOCK l"),
    ("MOVE a to the other drive", "MOVE o from the other drive"),
    ("MOVE o from the other drive", "DELETE o"),
    ("COPY a to the other drive", "MOVE o from the other drive"),
    ("COPY a over b", "MOVE b into a"),
    ("PUT a/f of an ETag", "PUT a/f of the same ETag"),
    ("PUT a/f of an ETag", "LOCK a, infinity"),
    ("PUT a/f of an ETag", "DELETE a"),
    ("PUT new if nothing is there", "PUT new likewise"),
    ("PUT new if nothing is there", "LOCK of nothing"),
    ("PUT new if nothing is there", "MKCOL a/new"),
    ("PUT l without the token", "UNLOCK l"),
    ("PUT l with the token", "UNLOCK l"),
    ("PUT l with the token", "refresh l"),
    ("PUT that fills the quota", "PUT that fills it too"),
    ("PUT that fills the quota", "COPY a over b"),
    ("LOCK a, infinity", "LOCK a/f"),
    ("LOCK a, infinity", "PUT over a/x/deep"),
    ("LOCK a/f", "LOCK a/f, shared"),
    ("LOCK a/f, shared", "LOCK a/f, shared too"),
    ("refresh m, expired", "LOCK m by another"),
    ("refresh m, expired", "PUT m by another"),
    ("refresh l", "LOCK l by another"),
    ("DELETE a", "PROPPATCH a/f"),
    ("DELETE l with the token", "refresh l"),
]


Sides = tuple[WireOps, WireOps]


@dataclass
class WireTrack(Track):
    """The racers are two sides of a drive, each with kept connections of every user."""

    sides: Sides | None = None
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def _meet(self, orders: list[Order], known: dict[str, Any], swapped: bool) -> list[dict[str, Any]]:
        assert self.sides is not None
        running: list[Future[dict[str, Any]] | None] = [None, None]
        with self.shut([known[DRIVE], known[OTHER]], known[MADE]):
            for turn in (1, 0) if swapped else (0, 1):
                running[turn] = self.pool.submit(_request, self.sides[turn], orders[turn])
                time.sleep(ARRIVE_S)
        return [each.result() for each in running if each is not None]


def _request(side: WireOps, order: Order) -> dict[str, Any]:
    """What came of a request, and from when to when it took."""
    began = time.monotonic()
    outcome: Any = "done"
    try:
        result: Any = call(side, *order)
    except Refusal as refusal:
        outcome, result = frozenset(refusal.kinds), str(refusal)
    return {"outcome": outcome, "result": result, "began": began, "ended": time.monotonic()}


def _side(
    site: Site, options: DatabaseOptions, connections: dict[str, Connection], address: tuple[str, int]
) -> WireOps:
    clients = {name: Client(address, name, secret) for name, secret in USERS.items()}
    world = WireWorld(
        site.backend, Clock(), site.callers, options, MemoryStore(), clients=clients, connections=connections
    )
    return WireOps(world)


@contextmanager
def _wire_track(url: str, objects: Path, seed: int, sides: Callable[[Site], Sides]) -> Iterator[WireTrack]:
    site = Site(url, objects)
    try:
        with oracle() as endings, gate(url) as shut:
            course = WireTrack(Arena(site), (), random.Random(seed), shut, endings, sides=sides(site))  # type: ignore[arg-type]
            with course.pool:
                yield course
            assert deadlocks(url) == 0
    finally:
        site.close()


@contextmanager
def two_workers(folder: Path, seed: int) -> Iterator[WireTrack]:
    """One server with two workers on SQLite; each side's connections are with one of them."""
    url, options = sqlite_url(folder / "data"), DatabaseOptions(sqlite_url(folder / "data"))
    with running_server(folder / "data", USERS, workers=2, settings=KEPT) as server, ExitStack() as stack:

        def sides(site: Site) -> Sides:
            one, other = [
                _side(site, options, {who: stack.enter_context(each) for who, each in mine.items()}, server.address)
                for mine in _connections(server)
            ]
            return one, other

        with _wire_track(url, folder / "data" / "objects", seed, sides) as course:
            yield course


def _connections(server: RunningServer) -> list[dict[str, Connection]]:
    """For each of two workers a connection for every user: opened until each has enough, the others are closed."""
    found: dict[int, list[Connection]] = {}
    for _ in range(MOST_CONNECTIONS):
        connection = Connection(server.address)
        found.setdefault(_served_by(server, connection), []).append(connection)
        if sorted(map(len, found.values()))[-2:-1] >= [len(USERS)]:
            break
    assert len(found) == 2, "only one worker answers"
    for each in found.values():
        for connection in each[len(USERS) :]:
            connection.__exit__()
    return [dict(zip(USERS, each, strict=False)) for each in found.values()]


def _served_by(server: RunningServer, connection: Connection) -> int:
    """The worker that has the other end of a connection: it answers, and then has it among its open files."""
    Client(server.address).on(connection, "OPTIONS", "/")
    port = connection.sock.getsockname()[1]
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(each[9] for each in lines if each[2].endswith(f":{port:04X}"))

    def serving() -> list[int]:
        return [pid for pid in server.pids() if f"socket:[{inode}]" in _files(pid)]

    until(serving)
    return serving()[0]


def _files(pid: int) -> set[str]:
    return {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}


@contextmanager
def two_nodes(url: str, folder: Path, seed: int) -> Iterator[WireTrack]:
    """Two servers on one PostgreSQL and one folder of objects."""
    objects, options = folder / "objects", DatabaseOptions(url)
    settings = {"DAVDRIVE_METADATA__URL": url, "DAVDRIVE_OBJECTS__URL": str(objects), **KEPT}
    with running_cluster(settings, folder, 2, users=USERS) as cluster:

        def sides(site: Site) -> Sides:
            one, other = [_side(site, options, {}, node.address) for node in cluster.nodes]
            return one, other

        with _wire_track(url, objects, seed, sides) as course:
            yield course
            assert course.sides is not None
            for side in course.sides:
                side.world.reopen()


def race_over_the_wire(course: WireTrack, chosen: list[tuple[str, str]]) -> None:
    """Each of these pairs at the gate, in both orders."""
    for one, other in chosen:
        for swapped in (False, True):
            course.race(one, other, swapped=swapped)
    course.check_shape()


def all_pairs() -> list[tuple[str, str]]:
    """Every pair of changes that are requests of these users."""
    ours = {name for name, kind in CHANGES.items() if kind.order[0] in METHODS and kind.order[1][0] in USERS}
    return [(one, other) for one, other in pairs() if one in ours and other in ours]
