"""Token buckets hold across two workers: requests, bytes and transfers, by user and by address."""

import concurrent.futures
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.support.http import Answer, Client
from tests.support.serving import running_server

BURST = 12
KIB = 1024
RATE, BURST_S = 400 * KIB, 0.5


def at_once(client: Client, count: int, method: str = "GET", path: str = "f", body: bytes = b"") -> list[Answer]:
    """So many requests, each on a connection of its own, so that both workers get some."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: client.do(method, path, body), range(count)))


def workers_of(answers: list[Answer]) -> set[str]:
    return {answer.get("X-Request-Id").partition("-")[0] for answer in answers}


def test_a_users_requests_over_the_rate_are_429_whichever_worker_they_reach(data_dir: Path) -> None:
    settings = {"DAVDRIVE_RATES__USER_REQUESTS_PER_S": "0.2", "DAVDRIVE_RATES__USER_REQUESTS_BURST": str(BURST)}
    with running_server(data_dir, workers=2, settings=settings) as server:
        bob = server.client("bob")
        assert bob.put("f", b"content").status == 201
        began = time.monotonic()
        answers = at_once(bob, 40)
        while len(workers_of(answers[BURST:])) < 2 and len(answers) < 400:
            answers += at_once(bob, 40)
        refilled = int((time.monotonic() - began) * 0.2) + 1
        count = Counter(answer.status for answer in answers)
        assert set(count) == {200, 429}
        assert BURST - 1 <= count[200] <= BURST - 1 + refilled
        assert len(workers_of(answers)) == 2
        refused = next(answer for answer in answers if answer.status == 429)
        assert 1 <= int(refused.get("Retry-After")) <= 6
        assert "too many requests" in refused.text
        assert server.client("alice").put("f", b"content").status == 201
        assert (
            'davdrive_rate_limited_total{limit="user_requests"}' in Client(server.address).do("GET", "/-/metrics").text
        )


def test_an_address_is_limited_before_anybody_asks_who_it_is_but_not_the_health_check(data_dir: Path) -> None:
    settings = {"DAVDRIVE_RATES__ADDRESS_REQUESTS_PER_S": "0.2", "DAVDRIVE_RATES__ADDRESS_REQUESTS_BURST": str(BURST)}
    with running_server(data_dir, workers=2, settings=settings) as server:
        answers = at_once(Client(server.address), 40, path="/")
        count = Counter(answer.status for answer in answers)
        assert set(count) == {401, 429}
        assert count[401] <= BURST + 1
        assert {answer.status for answer in at_once(Client(server.address), 20, path="/-/health")} == {200}


def test_uploads_of_one_user_share_a_rate_over_the_workers_and_leave_another_user_alone(data_dir: Path) -> None:
    settings = {
        "DAVDRIVE_RATES__USER_UPLOAD_BYTES_PER_S": str(RATE),
        "DAVDRIVE_RATES__BYTES_BURST_S": str(BURST_S),
    }
    body = bytes(200 * KIB)
    with running_server(data_dir, workers=2, settings=settings) as server:
        bob = server.client("bob")
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda n: bob.put(f"f{n}", body), range(4)))
        seconds = time.monotonic() - began
        assert {answer.status for answer in answers} == {201}
        assert 0.8 * expected(4 * len(body)) <= seconds < expected(4 * len(body)) + 3

        def alice_waits() -> bool:
            """Does she, once Bob has used up all that is his?"""
            assert bob.put("more", body).status == 204
            began = time.monotonic()
            assert server.client("alice").put("f", bytes(100 * KIB)).status in (201, 204)
            return time.monotonic() - began > 0.2

        bob.put("more", body)
        assert not all(alice_waits() for _ in range(4)), "a busy machine is not busy every time"


def expected(size: int) -> float:
    """Seconds that so many bytes take at least, the burst taken off."""
    return size / RATE - BURST_S


def test_downloads_are_slowed_and_come_whole(data_dir: Path) -> None:
    settings = {
        "DAVDRIVE_RATES__USER_DOWNLOAD_BYTES_PER_S": str(RATE),
        "DAVDRIVE_RATES__BYTES_BURST_S": str(BURST_S),
        "DAVDRIVE_OBJECTS__INLINE_BYTES": "1000",
    }
    body = bytes(range(256)) * 800
    with running_server(data_dir, workers=2, settings=settings) as server:
        bob = server.client("bob")
        bob.put("f", body)
        began = time.monotonic()
        answers = at_once(bob, 4)
        seconds = time.monotonic() - began
        assert {answer.body for answer in answers} == {body}
        assert 0.8 * expected(4 * len(body)) <= seconds < expected(4 * len(body)) + 3


def test_a_transfer_too_many_is_429_until_another_one_ends(data_dir: Path) -> None:
    settings = {"DAVDRIVE_RATES__USER_TRANSFERS": "2", "DAVDRIVE_OBJECTS__INLINE_BYTES": "1000"}
    with running_server(data_dir, workers=2, settings=settings) as server:
        bob = server.client("bob")
        bob.put("big", bytes(30_000_000))
        with ExitStack() as held:
            for _ in range(2):
                connection = held.enter_context(bob.connection())
                for block in bob.message("GET", "big"):
                    connection.send(block)
                connection.sock.recv(1)  # it has begun; the rest waits for a reader
            answers = at_once(bob, 6, path="big")
            assert {answer.status for answer in answers} == {429}
            assert "transfers" in answers[0].text
            assert bob.do("HEAD", "big").status == 200
        assert _until_200(bob)


def _until_200(client: Client) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if client.get("big").status == 200:
            return True
        time.sleep(0.05)
    return False


def test_a_short_wait_is_waited_where_the_settings_allow_it(data_dir: Path) -> None:
    settings = {
        "DAVDRIVE_RATES__USER_REQUESTS_PER_S": "20",
        "DAVDRIVE_RATES__USER_REQUESTS_BURST": "20",
        "DAVDRIVE_RATES__LONGEST_WAIT_S": "5",
    }
    with running_server(data_dir, workers=2, settings=settings) as server:
        bob = server.client("bob")
        bob.put("f", b"content")
        began = time.monotonic()
        assert {answer.status for answer in at_once(bob, 40)} == {200}
        assert time.monotonic() - began > 0.7
