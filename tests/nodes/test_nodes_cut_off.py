"""A node that PostgreSQL does not answer any more: it refuses, soon and with a time to come again, and comes back by
itself. Consistency goes before availability."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.dav import lockinfo, sentence_of
from tests.support.http import Answer, Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.pg_proxy import Wire, pg_proxy
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed

STATEMENT_S, LOCK_S, CONNECT_S = 2, 1, 2
BOUND_S = 12
"""One silent statement, then tries to connect again for the length of a lock's wait, each as long as a connection may
take, and room for a slow machine."""
BACK_S = 10
REQUESTS: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "read": ("GET", "f", b"", {}),
    "listing": ("PROPFIND", "", b"", {"Depth": "1"}),
    "small write": ("PUT", "f", b"no", {}),
    "large write": ("PUT", "large", b"n" * 300_000, {}),
    "new name": ("MKCOL", "made", b"", {}),
    "lock": ("LOCK", "f", lockinfo(), {"Timeout": "Second-60"}),
    "delete": ("DELETE", "f", b"", {}),
}


@pytest.fixture
def cut_off(
    postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, Wire]]:
    """Two nodes; what goes between the first one and PostgreSQL can be swallowed."""
    url = postgres.fresh()
    with pg_proxy(url) as (through, wire):
        settings = {
            **store_settings(url, seaweed),
            "DAVDRIVE_METADATA__STATEMENT_TIMEOUT_S": str(STATEMENT_S),
            "DAVDRIVE_METADATA__LOCK_TIMEOUT_S": str(LOCK_S),
            "DAVDRIVE_METADATA__CONNECT_TIMEOUT_S": str(CONNECT_S),
        }
        own = [{"DAVDRIVE_METADATA__URL": through}]
        with running_cluster(settings, tmp_path_factory.mktemp("hole"), 2, own=own) as cluster:
            yield cluster, wire
    postgres.drop(url)


def timed(client: Client, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[Answer, float]:
    began = time.monotonic()
    return client.do(method, path, body, headers), time.monotonic() - began


def test_a_node_that_hears_nothing_from_postgresql_refuses_in_time_and_comes_back(
    cut_off: tuple[Cluster, Wire],
) -> None:
    cluster, wire = cut_off
    here, there = (node.client() for node in cluster.nodes)
    here.put("f", b"old")
    assert here.get("f").body == b"old"
    with wire.hole(), ThreadPoolExecutor(len(REQUESTS) + 1) as pool:
        refused = {name: pool.submit(timed, here, *request) for name, request in REQUESTS.items()}
        ready = pool.submit(timed, here, "GET", "/-/ready", b"", {})
        time.sleep(0.2)
        assert timed(here, "GET", "/-/health", b"", {})[0].status == 200, "the process itself is alive"
        assert there.put("f", b"newer").status == 204, "a node that is cut off holds nobody up"
        for name, future in refused.items():
            answer, took_s = future.result()
            assert (answer.status, int(answer.get("Retry-After")) > 0) == (503, True), (name, answer)
            assert len(sentence_of(answer).split()) > 3
            assert took_s < BOUND_S, name
        answer, took_s = ready.result()
        assert (answer.status, took_s < BOUND_S) == (503, True), answer
        assert "not ready: the drive's metadata is away" in answer.text
        answer, took_s = timed(here, "GET", "f", b"", {})
        assert (answer.status, took_s < BOUND_S) == (503, True), "with no connection left, too"
    _is_back(here)
    assert here.get("f").body == b"newer"
    assert {name: here.get(name).status for name in ("large", "made")} == {"large": 404, "made": 404}
    assert here.put("f", b"newest").status == 204, "no lock was taken by a request that was refused"
    assert there.get("f").body == b"newest"
    cluster.command("check", "--read-data")


def _is_back(client: Client) -> None:
    until = time.monotonic() + BACK_S
    while client.do("GET", "/-/ready").status != 200:
        assert time.monotonic() < until, "it does not come back by itself"
        threading.Event().wait(0.1)
