"""Metrics add up over the workers and agree with what a client counted; they are for those who may see them."""

import concurrent.futures
import os
import signal
import time
from base64 import b64encode
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from davdrive.cli.wiring.web import make_metrics
from davdrive.drive.open import open_backend
from davdrive.settings import load_settings
from tests.support.http import Client, Connection
from tests.support.serving import RunningServer, running_server

FILES = 30
BODY = bytes(5000)


class Counting:
    """A client that counts requests, statuses and bytes, each request on a connection of its own."""

    def __init__(self, server: RunningServer) -> None:
        self._address = server.address
        self._secret = b64encode(f"bob:{server.users['bob']}".encode()).decode()
        self.statuses: Counter[tuple[str, str]] = Counter()
        self.sent = self.received = 0
        self.workers: set[str] = set()

    def do(self, method: str, path: str, body: bytes = b"") -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nDepth: 0\r\n"
            f"Authorization: Basic {self._secret}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with Connection(self._address) as connection:
            connection.send(head.encode() + body)
            answer = b"".join(iter(lambda: connection.sock.recv(65536), b""))
        self.statuses[method, answer.split(b" ", 2)[1].decode()] += 1
        self.sent += len(body)
        self.received += len(answer)
        self.workers.add(answer.partition(b"X-Request-Id: ")[2].partition(b"-")[0].decode())


def numbers(server: RunningServer, **headers: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its label values."""
    answer = Client(server.address).do("GET", "/-/metrics", headers=headers)
    assert answer.status == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_the_numbers_of_two_workers_are_those_that_the_client_counted(data_dir: Path) -> None:
    settings = {"DAVDRIVE_OBJECTS__INLINE_BYTES": "1000"}
    with running_server(data_dir, workers=2, settings=settings) as server:
        before = numbers(server)
        client = Counting(server)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda n: client.do("PUT", f"/bob/f{n}", BODY), range(FILES)))
            list(pool.map(lambda n: client.do("GET", f"/bob/f{n}"), range(2 * FILES)))
            list(pool.map(lambda n: client.do("PROPFIND", f"/bob/f{n}"), range(FILES)))
            list(pool.map(lambda n: client.do("LOCK", f"/bob/f{n}"), range(5)))
        after = numbers(server)

        def grown(*key: str) -> float:
            return after.get(key, 0) - before.get(key, 0)

        assert len(client.workers) == 2
        assert client.statuses == {
            ("PUT", "201"): FILES,
            ("GET", "200"): FILES,
            ("GET", "404"): FILES,
            ("PROPFIND", "207"): FILES,
            ("LOCK", "400"): 5,
        }
        for (method, status), count in client.statuses.items():
            # The request for the metrics themselves was counted after `before` was made.
            assert grown("davdrive_requests_total", method, status) == count + (method == "GET" and status == "200")
            assert grown("davdrive_request_seconds_count", method) >= count
        assert grown("davdrive_received_bytes_total") == client.sent
        exposition = grown("davdrive_sent_bytes_total") - client.received
        assert 0 < exposition < 20_000
        assert grown("davdrive_transactions_total", "committed") >= FILES
        assert grown("davdrive_transaction_seconds_count") == grown("davdrive_transactions_total", "committed")
        assert grown("davdrive_writer_wait_seconds_count") >= FILES
        assert grown("davdrive_object_calls_total", "finish") == FILES
        assert grown("davdrive_object_bytes_total", "in") == FILES * len(BODY)
        assert after["davdrive_worker_starts_total",] == 2
        assert after["davdrive_locks_held",] == 0
        assert grown("davdrive_logins_total", "verified") >= 1


def test_a_worker_that_is_killed_takes_no_number_with_it(data_dir: Path) -> None:
    with running_server(data_dir, workers=2) as server:
        client = Counting(server)
        for n in range(10):
            client.do("PUT", f"/bob/f{n}", BODY)
        victim = server.pids()[1]
        os.kill(victim, signal.SIGKILL)
        until = time.monotonic() + 20
        while victim in server.pids() or len(server.pids()) < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        for n in range(10):
            client.do("PUT", f"/bob/g{n}", BODY)
        after = numbers(server)
        assert after["davdrive_requests_total", "PUT", "201"] == 20
        assert after["davdrive_worker_starts_total",] == 3
        assert after["davdrive_worker_ends_total", "crashed"] == 1


def test_what_the_server_refuses_by_itself_and_wrong_passwords_are_counted(data_dir: Path) -> None:
    with running_server(data_dir) as server:
        with Connection(server.address) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            assert connection.read().status == 400
        stranger = Client(server.address, "bob", "wrong")
        assert stranger.do("GET", "/bob/").status == 401
        assert Client(server.address).do("GET", "/bob/", headers={"Authorization": "Basic !"}).status == 401
        after = numbers(server)
        assert after["davdrive_refused_total", "bad_framing"] == 1
        assert after["davdrive_logins_total", "refused"] == 1
        assert after["davdrive_logins_total", "malformed"] == 1


LAN = {"metrics.addresses": "10.0.0.0/8"}
BEHIND = {"server.trusted_proxies": "127.0.0.1"}


@pytest.mark.parametrize(
    ("flags", "environ", "status"),
    [
        ({}, {}, "200"),
        ({}, {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, "403"),
        ({}, {"HTTP_FORWARDED": "for=192.0.2.1"}, "403"),
        ({}, {"REMOTE_ADDR": "192.0.2.1"}, "403"),
        (BEHIND, {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, "403"),
        (BEHIND, {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 192.0.2.1"}, "403"),
        (BEHIND | LAN, {"HTTP_X_FORWARDED_FOR": "10.1.2.3"}, "200"),
        (LAN, {}, "403"),
        (LAN | {"metrics.token": "t0ken"}, {"HTTP_AUTHORIZATION": "Bearer t0ken"}, "200"),
        (LAN | {"metrics.token": "t0ken"}, {"HTTP_AUTHORIZATION": "Bearer t0ke"}, "403"),
        (LAN, {"HTTP_AUTHORIZATION": "Bearer "}, "403"),
    ],
)
def test_metrics_are_for_those_whom_the_settings_name(
    tmp_path: Path, flags: dict[str, str], environ: dict[str, str], status: str
) -> None:
    backend = open_backend(tmp_path)
    app = make_metrics(load_settings({"data_dir": tmp_path, **flags}, environment={}), backend)
    seen: list[str] = []
    app({"REMOTE_ADDR": "127.0.0.1", **environ}, lambda line, headers: seen.append(line))
    assert seen[0].startswith(status)
    backend.database.close()


def test_metrics_that_are_off_are_not_there(data_dir: Path) -> None:
    with running_server(data_dir, settings={"DAVDRIVE_METRICS__ENABLED": "false"}) as server:
        assert Client(server.address).do("GET", "/-/metrics").status == 404
        assert server.client().put("f", b"x").status == 201
