"""What cheroot as it comes does where davdrive's server does better; should a row fail, cheroot has mended it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cheroot.wsgi import Server
from http_rig import RigApp, raw_request, serving

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
PUT = b"PUT /leak HTTP/1.1\r\nHost: x\r\n"
TAIL = b"\r\n\r\nhello"


class StockServer:
    """cheroot with nothing changed, in the shape that `raw_request` wants."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.listening_at = server.bind_addr


@contextlib.contextmanager
def stock(app: Any) -> Iterator[Any]:
    server = Server(("127.0.0.1", 0), app, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield StockServer(server)
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Any, Any]]:
    with stock(RigApp()) as theirs, serving(RigApp()) as ours:
        yield theirs, ours


DIFFERENCES = [
    ("two Content-Lengths", PUT + b"Content-Length: 9\r\nContent-Length: 5" + TAIL, 200, 400),
    ("length and chunks", PUT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, 400),
    ("a space before the colon", PUT + b"Content-Length : 5" + TAIL, 200, 400),
    ("an empty name", GET + b": b\r\n\r\n", 200, 400),
    ("a control character", GET + b"X-A: b\x01\r\n\r\n", 200, 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 200, 400),
    ("two Hosts", GET + b"Host: y\r\n\r\n", 200, 400),
    ("a look-alike", GET + b"X_Forwarded_For: 1.2.3.4\r\n\r\n", 200, 400),
    ("an absolute target", b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, 200),
    ("a header of 200,000 bytes", GET + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n", 200, 431),
]


@pytest.mark.parametrize(("name", "data", "theirs", "ours"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_stock_cheroot_answers_otherwise(
    both: tuple[Any, Any], name: str, data: bytes, theirs: int, ours: int
) -> None:
    assert raw_request(both[0], data).statuses[:1] == [theirs]
    assert raw_request(both[1], data).statuses[:1] == [ours]


def test_stock_cheroot_takes_a_cut_body_for_a_short_one(both: tuple[Any, Any]) -> None:
    data = PUT + b"Content-Length: 10" + TAIL
    assert raw_request(both[0], data, half_close=True).statuses == [200]
    assert raw_request(both[1], data, half_close=True).statuses == [400]


def test_stock_cheroot_reads_an_unread_chunked_body_as_the_next_request(both: tuple[Any, Any]) -> None:
    smuggled = GET + b"\r\n"
    data = b"PUT /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled
    assert len(raw_request(both[0], data).statuses) > 1
    assert raw_request(both[1], data).statuses == [401]


def test_stock_cheroot_says_100_before_the_application_is_asked(both: tuple[Any, Any]) -> None:
    data = b"PUT /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    assert raw_request(both[0], data).statuses[0] == 100
    assert raw_request(both[1], data).statuses == [401]


def test_stock_cheroot_reads_all_of_a_refused_body(both: tuple[Any, Any]) -> None:
    head = b"PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
    assert raw_request(both[0], head, first_s=0.5).statuses == [], "it waits for five megabytes before it says 401"
    assert raw_request(both[1], head).statuses == [401]


def test_stock_cheroot_gives_its_threads_to_dripping_heads(both: tuple[Any, Any]) -> None:
    for server, quick in ((both[0], False), (both[1], True)):
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                sock = stack.enter_context(socket.create_connection(server.listening_at, 5))
                sock.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.2)
            asking = stack.enter_context(socket.create_connection(server.listening_at, 5))
            asking.sendall(GET + b"\r\n")
            asking.settimeout(0.5)
            try:
                answered = bool(asking.recv(4096))
            except TimeoutError:
                answered = False
            assert answered is quick
            asking.close()
