"""A request's id is the same in its answer, in the access log, and in what transactions and objects have to say."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from davdrive.auth.buckets import Rate
from davdrive.auth.rate_limits import RateLimits, RateRules
from davdrive.auth.shared_buckets import SharedBuckets
from davdrive.auth.transfers import TransferSlots
from davdrive.cli.wiring.rates import Limits
from davdrive.settings import load_settings
from tests.support.http import Client
from tests.support.serving import RunningServer, running_server

JSON = {"DAVDRIVE_LOG__FORMAT": "json", "DAVDRIVE_LOG__ACCESS": "true"}
SMALL_INLINE = {"DAVDRIVE_OBJECTS__INLINE_BYTES": "10"}


def lines(server: RunningServer) -> list[dict[str, Any]]:
    whole = server.log().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def told(server: RunningServer, **wanted: object) -> dict[str, Any]:
    """The first line with these fields; a line may come a moment after the answer that it tells of."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for line in lines(server):
            if wanted.items() <= line.items():
                return line
        time.sleep(0.02)
    raise AssertionError(f"no line has {wanted}: {server.log()[-2000:]}")


def test_one_id_runs_from_the_answer_through_transactions_and_object_calls(data_dir: Path) -> None:
    settings = JSON | SMALL_INLINE | {"DAVDRIVE_LOG__LEVEL": "debug"}
    with running_server(data_dir, workers=2, settings=settings) as server:
        answer = server.client().put("a%20file", b"more than ten bytes")
        number = answer.get("X-Request-Id")
        access = told(server, request=number, event="request")
        assert (access["method"], access["path"], access["status"]) == ("PUT", "/bob/a%20file", 201)
        assert (access["user"], access["address"], access["received"]) == ("bob", "127.0.0.1", 19)
        assert access["ms"] > 0
        assert told(server, request=number, event="transaction", outcome="committed")
        objects = told(server, request=number, event="object call")
        assert (objects["call"], objects["bytes"], objects["user"]) == ("finish", 19, "bob")


def test_requests_that_share_a_commit_keep_their_own_ids(data_dir: Path) -> None:
    settings = JSON | {"DAVDRIVE_LOG__LEVEL": "debug"}
    with running_server(data_dir, settings=settings) as server:
        client = server.client()
        client.put("first", b"")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: client.put(f"f{n}", b"x"), range(24)))
        ids = [answer.get("X-Request-Id") for answer in answers]
        assert len(set(ids)) == 24
        for number in ids:
            told(server, request=number, event="transaction", outcome="committed")


def test_without_an_access_log_slow_requests_are_told_all_the_same(data_dir: Path) -> None:
    settings = {"DAVDRIVE_LOG__FORMAT": "json", "DAVDRIVE_LOG__SLOW_S": "0.000001"}
    with running_server(data_dir, settings=settings) as server:
        number = server.client().put("f", b"x").get("X-Request-Id")
        slow = told(server, request=number)
        assert (slow["event"], slow["status"], slow["path"], slow["user"]) == ("slow request", 201, "/bob/f", "bob")
        assert not any(line["event"] == "request" for line in lines(server))


def test_the_access_log_holds_no_query_no_link_secret_and_the_clients_own_address(data_dir: Path) -> None:
    settings = JSON | {"DAVDRIVE_SERVER__TRUSTED_PROXIES": "127.0.0.1"}
    with running_server(data_dir, settings=settings) as server:
        stranger = Client(server.address)
        proxied = {"X-Forwarded-For": "192.0.2.7", "X-Request-ID": "of-the-proxy"}
        stranger.do("GET", "/-/links/s3cret-token?password=hunter2", headers=proxied)
        access = told(server, event="request", path="/-/links/…")
        assert (access["address"], access["request"]) == ("192.0.2.7", "of-the-proxy")
        assert "s3cret" not in server.log()
        assert "hunter2" not in server.log()


def test_a_reload_brings_new_settings_and_with_broken_ones_those_of_the_start_stay(
    data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[limits]\npropfind_infinity = false\n")

    def infinity(server: RunningServer) -> int:
        return server.client().do("PROPFIND", "", headers={"Depth": "infinity"}).status

    def replaced(server: RunningServer, before: list[int]) -> bool:
        now = server.pids()
        return len(now) == 3 and not set(before[1:]) & set(now)

    def reload(server: RunningServer) -> None:
        before = server.pids()
        os.kill(server.pid, signal.SIGHUP)
        until = time.monotonic() + 20
        while not replaced(server, before):
            assert time.monotonic() < until
            time.sleep(0.05)

    with running_server(data_dir, workers=2, options=("--config", str(file))) as server:
        assert infinity(server) == 403
        file.write_text("[limits]\npropfind_infinity = true\n")
        reload(server)
        assert infinity(server) == 207
        file.write_text("[limits]\nno_such = 1\n")
        reload(server)
        assert infinity(server) == 403
        assert "there is no option limits.no_such" in server.log()


@pytest.mark.parametrize("download", [False, True])
def test_files_leave_by_sendfile_unless_downloads_are_limited(tmp_path: Path, download: bool) -> None:
    class Body:
        def __iter__(self) -> Any:
            return iter([b"x"])

        def file_ranges(self) -> list[Any]:
            return [("f", 0, 1)]

    rules = RateRules(download=Rate(100, 100) if download else None, transfers=3)
    slots, buckets = TransferSlots(tmp_path / "t"), SharedBuckets(tmp_path / "b", 64)
    app = RateLimits(lambda e, s: Body(), "user", lambda _: "bob", rules, buckets, slots)
    result = app({"REQUEST_METHOD": "GET", "wsgi.input": None}, lambda *_: None)
    assert hasattr(result, "file_ranges") is not download
    assert list(result) == [b"x"]
    slots.close()
    buckets.close()


def test_where_nothing_is_limited_the_application_is_what_it_was(tmp_path: Path) -> None:
    limits = Limits(load_settings({"data_dir": tmp_path}, environment={}))

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    assert limits.of_users(app) is app
    assert limits.of_addresses(app) is app
    assert not (tmp_path / "run").exists()
