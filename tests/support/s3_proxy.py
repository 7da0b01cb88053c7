"""A man in the middle of S3: passes requests on to the real store, and spoils those that a test wants spoilt."""

import http.client
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.prompt import PromptHandler, ProxyServer

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>on purpose</Message></Error>"
NO_ROOM = b"<Error><Code>InsufficientStorage</Code><Message>on purpose</Message></Error>"
INTERNAL = b"<Error><Code>InternalError</Code><Message>on purpose</Message></Error>"

FAULTS = frozenset(
    {
        "answer-503",
        "answer-507",
        "error-in-200",
        "empty-200",
        "reset",
        "lost-reply",
        "cut-answer",
        "stall",
        "flip-a-byte",
    }
)


@dataclass
class Faults:
    """`fault` strikes the next `times` requests with `method`. `seen` are all requests, as (method, path), and `heads`
    their headers, by lower-case name.

    `share` of all requests is struck besides, each by one of `mixture` at random.
    """

    fault: str = ""
    method: str = "PUT"
    times: int = 0
    share: float = 0.0
    mixture: tuple[str, ...] = ()
    struck: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: str, method: str, times: int = 1) -> None:
        assert fault in FAULTS
        self.fault, self.method, self.times = fault, method, times

    def take(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        with self.lock:
            self.seen.append((method, path))
            self.heads.append({name.lower(): value for name, value in headers.items()})
            if self.mixture and random.random() < self.share:
                self.struck += 1
                return random.choice(self.mixture)
            if method != self.method or self.times < 1:
                return ""
            self.times -= 1
            return self.fault

    def count(self, method: str) -> int:
        return sum(seen == method for seen, _ in self.seen)


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _xml(status: int, body: bytes) -> _Answer:
    return _Answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)


class _Handler(PromptHandler):
    server: "_Server"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.faults.take(self.command, self.path, dict(self.headers))
        spoilt = _SPOILERS.get(fault)
        if spoilt is None:
            self._send(self._upstream(body))
        else:
            spoilt(self, body)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _serve

    def _upstream(self, body: bytes) -> _Answer:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return _Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def _send(self, answer: _Answer, body_bytes: int | None = None) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if answer.status != 204 and not any(name.lower() == "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[:body_bytes])
            self.wfile.flush()

    def _reset(self) -> None:
        """Close so that the other side sees a reset and not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _lose_reply(self, body: bytes) -> None:
        self._upstream(body)
        self._reset()

    def _cut_answer(self, body: bytes) -> None:
        answer = self._upstream(body)
        self._send(answer, len(answer.body) // 2)
        self._reset()

    def _stall(self, body: bytes) -> None:
        self.server.faults.released.wait(30)
        self._reset()

    def _flip(self, body: bytes) -> None:
        self._send(self._upstream(bytes([body[0] ^ 1]) + body[1:]))


_SPOILERS: dict[str, Callable[[_Handler, bytes], None]] = {
    "answer-503": lambda handler, body: handler._send(_xml(503, SLOW_DOWN)),
    "answer-507": lambda handler, body: handler._send(_xml(507, NO_ROOM)),
    "error-in-200": lambda handler, body: handler._send(_xml(200, INTERNAL)),
    "empty-200": lambda handler, body: handler._send(_xml(200, b"")),
    "reset": lambda handler, body: handler._reset(),
    "lost-reply": _Handler._lose_reply,
    "cut-answer": _Handler._cut_answer,
    "stall": _Handler._stall,
    "flip-a-byte": _Handler._flip,
}


class _Server(ProxyServer):
    def __init__(self, upstream: str, faults: Faults) -> None:
        super().__init__(_Handler)
        self.upstream = upstream
        self.faults = faults


@contextmanager
def s3_proxy(endpoint_url: str) -> Iterator[tuple[str, Faults]]:
    """A proxy in front of the store at `endpoint_url`: its own URL, and the faults to plan."""
    faults = Faults()
    server = _Server(urlsplit(endpoint_url).netloc, faults)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", faults
    finally:
        faults.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
