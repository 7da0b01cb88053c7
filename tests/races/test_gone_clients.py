"""Clients that go away while their write waits for its turn: it is done or it is not, and nothing is left behind."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from davdrive.drive.open import sqlite_url
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import find_drive
from tests.races.gate import gate
from tests.races.site import Site
from tests.support.clock import libpq_uri
from tests.support.dav import names_in
from tests.support.http import Client, Connection
from tests.support.nodes import running_cluster
from tests.support.serving import running_server

CLIENTS = 12
PATIENCE_S = 20.0
MORE_THREADS = 4
"""The server may have more at hand after a rush, but not one for each who left."""

ESTABLISHED, CLOSE_WAIT = "01", "08"
ARRIVE_S = 0.03
RESET = struct.pack("ii", 1, 0)
"""Closing sends a reset, as a machine does that lost its program."""

SHORT_S, LONG_S = 0.3, 2.5
"""For how long the drive is held: clients that are gone are noticed after a second."""


@dataclass
class Place:
    """A drive behind one server process. `pid`: the worker's."""

    client: Client
    site: Site
    url: str
    pid: int

    def connections(self) -> int:
        """How many ends of connections the server has not closed."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        mine = f":{self.client.address[1]:04X}"
        return sum(each[1].endswith(mine) and each[3] in (ESTABLISHED, CLOSE_WAIT) for each in lines)

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[Client, str, Path, int]]:
    with running_server(folder / "data", {"bob": "bob's secret"}) as server:
        yield server.client(), sqlite_url(folder / "data"), folder / "data" / "objects", server.pids()[-1]


@contextmanager
def _postgresql(folder: Path, url: str) -> Iterator[tuple[Client, str, Path, int]]:
    settings = {"DAVDRIVE_METADATA__URL": url, "DAVDRIVE_OBJECTS__URL": str(folder / "objects")}
    with running_cluster(settings, folder, 1, users={"bob": "bob's secret"}) as cluster:
        node = cluster.nodes[0]
        children = Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text().split()
        yield node.client(), url, folder / "objects", int([str(node.pid), *children][-1])


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    on_postgres = request.param == "postgresql"
    serving = _postgresql(tmp_path, request.getfixturevalue("postgres_url")) if on_postgres else _sqlite(tmp_path)
    with serving as (client, url, objects, pid):
        site = Site(url, objects)
        yield Place(client, site, url, pid)
        site.close()


@pytest.mark.parametrize("held_s", [SHORT_S, LONG_S], ids=["before anybody notices", "called off"])
def test_clients_that_go_away_in_the_queue_leave_whole_files_or_none(place: Place, held_s: float) -> None:
    assert place.client.put("warm", b"").status == 201
    threads = place.threads()
    with gate(place.url) as shut, shut(["bob"], "nobody"):
        for number in range(CLIENTS):
            _ask_and_go(place.client, f"f{number}", hard=number % 2 == 0)
        time.sleep(held_s)
    assert place.client.put("last", b"").status == 201
    ends = time.monotonic() + PATIENCE_S
    while (place.connections() or _unfinished(place.url)) and time.monotonic() < ends:
        time.sleep(0.05)
    assert place.connections() == 0, "connections are left over"
    assert place.threads() <= threads + MORE_THREADS, "threads are left over"
    assert not _unfinished(place.url), "a transaction is left over"
    there = names_in(place.client)
    for name in there - {"warm", "last"}:
        assert place.client.get(name).body == _body(name)
    drive = place.site.backend.database.read(lambda session: find_drive(session, "bob", SYSTEM))
    assert drive.revision == len(there), "a commit without a file"
    if held_s == LONG_S:
        assert len(there) < 2 + CLIENTS, "nobody was called off"


def _body(name: str) -> bytes:
    return name.encode() * 50


def _ask_and_go(client: Client, name: str, *, hard: bool) -> None:
    """Send a PUT, and leave before the answer."""
    connection = Connection(client.address)
    for block in client.message("PUT", name, _body(name)):
        connection.send(block)
    time.sleep(ARRIVE_S)
    if hard:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.__exit__()


def _unfinished(url: str) -> int:
    """Transactions that are under way in PostgreSQL."""
    if url.startswith("sqlite"):
        return 0
    with psycopg.connect(libpq_uri(url), autocommit=True) as connection:
        row = connection.execute("""
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'""").fetchone()
    return row[0] if row else 0
