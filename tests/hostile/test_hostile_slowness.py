"""Clients that send a byte now and then, for ever, at a real server: heads, bodies, chunks and the lines between."""

import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException

import pytest

from tests.support.http import Client, Connection, head
from tests.support.serving import RunningServer, running_server

HEAD_S, GRACE_S = 1.0, 1.0
PAUSE_S = 0.1
LONGEST_S = 6.0
"""Until each of them is gone: the limit, some time to notice, and a slow machine."""
ATTACKERS = 6


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {
        "DAVDRIVE_SERVER__HEAD_S": str(HEAD_S),
        "DAVDRIVE_SERVER__RATE_GRACE_S": str(GRACE_S),
        "DAVDRIVE_SERVER__LEAST_RATE_BYTES": "512",
        "DAVDRIVE_SERVER__THREADS": "4",
    }
    with running_server(tmp_path_factory.mktemp("slow") / "data", {"bob": "secret"}, settings=settings) as running:
        yield running


def _put(bob: Client, framing: str, value: str) -> bytes:
    return head("PUT", bob.path("slow"), bob.headers({framing: value}))


def _starts(bob: Client) -> dict[str, tuple[bytes, bytes]]:
    """What each kind of them sends at once, and what it sends again and again."""
    chunked = _put(bob, "Transfer-Encoding", "chunked")
    return {
        "a request line": (b"GET /", b"a"),
        "a header": (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
        "headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),
        "empty lines before a request": (b"", b"\r\n"),
        "a body": (_put(bob, "Content-Length", "1000000"), b"x"),
        "an XML body": (head("PROPFIND", bob.path(""), bob.headers({"Content-Length": "9000"})), b" "),
        "a body of a request that is refused": (head("PUT", "/bob/x", {"Host": "x", "Content-Length": "9000"}), b"x"),
        "a chunk": (chunked + b"fffff\r\n", b"x"),
        "a chunk size": (chunked, b"0"),
        "chunks of one byte": (chunked, b"1\r\nx\r\n"),
        "a chunk's extension": (chunked + b"5;", b"a"),
        "trailers": (chunked + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    }


KINDS = tuple(_starts(Client(("", 0))))


def drip(address: tuple[str, int], start: bytes, again: bytes) -> float:
    """How long the server stood it, in seconds."""
    began = time.monotonic()
    with socket.create_connection(address) as sock:
        sock.settimeout(PAUSE_S)
        sock.sendall(start)
        while time.monotonic() - began < LONGEST_S:
            try:
                sock.sendall(again)
                if not sock.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - began


def test_who_drips_is_gone_after_its_time_and_stops_nobody(slow_server: RunningServer) -> None:
    """All kinds at once, more of them than the server has threads; somebody else goes on working meanwhile."""
    bob = slow_server.client("bob")
    bob.put("slow", b"as it was")
    took: dict[tuple[str, int], float] = {}

    def attack(kind: str, number: int) -> None:
        took[kind, number] = drip(slow_server.address, *_starts(bob)[kind])

    threads = [threading.Thread(target=attack, args=(kind, n)) for kind in KINDS for n in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    slowest, served = 0.0, 0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert bob.put("fair", b"x").status in (201, 204)
        assert bob.get("fair").status == 200
        slowest, served = max(slowest, time.monotonic() - began), served + 1
    assert {kind: seconds for kind, seconds in took.items() if seconds >= LONGEST_S} == {}
    assert len(took) == len(KINDS) * ATTACKERS
    hasty = {kind for kind, seconds in took.items() if seconds < HEAD_S * 0.9}
    assert {kind for kind, _ in hasty} <= {"a body of a request that is refused"}, "not for being slow"
    assert served > 5
    assert slowest < LONGEST_S / 2
    assert bob.get("slow").text == "as it was"


def test_a_drip_above_the_least_rate_is_a_slow_line_and_served(slow_server: RunningServer) -> None:
    bob = slow_server.client("bob")
    with bob.connection() as connection:
        connection.send(_put(bob, "Content-Length", "4000"))
        for _ in range(20):
            connection.send(b"x" * 200)
            time.sleep(PAUSE_S)
        assert connection.read("PUT").status == 204
    assert bob.get("slow").body == b"x" * 4000


def test_who_never_reads_an_answer_is_gone_too(slow_server: RunningServer) -> None:
    bob = slow_server.client("bob")
    bob.put("large", b"x" * 30_000_000)
    with Connection(slow_server.address) as connection:
        connection.send(head("GET", bob.path("large"), bob.headers()))
        time.sleep(GRACE_S * 3)
        with pytest.raises((OSError, HTTPException)):
            connection.read()
