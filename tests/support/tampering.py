"""A man in the middle of HTTP: passes requests on to a running server, and lets a fault handle them as it likes."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.support.http import Answer
from tests.support.prompt import PromptHandler, ProxyServer

Address = tuple[str, int]
Headers = tuple[tuple[str, str], ...]
FRAMING = ("content-length", "transfer-encoding", "connection", "keep-alive")


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    headers: Headers
    body: bytes = b""

    def without(self, name: str) -> "Request":
        """The same without a header."""
        return replace(self, headers=tuple(each for each in self.headers if each[0].lower() != name.lower()))


Forward = Callable[[Request], Answer]
Fault = Callable[[Request, Forward, list[Answer]], Answer]
"""Answers a request, by what the server says or otherwise; the list is for what it wants to remember of the
connection."""


def honest(request: Request, forward: Forward, before: list[Answer]) -> Answer:
    """No fault."""
    return forward(request)


@dataclass
class Tampering:
    """A proxy that listens on `address`. `fault` may be changed at any time; `struck` counts requests whose answer is
    not that of the server to that request, or that did not reach it once and as they were."""

    address: Address
    fault: Fault = honest
    struck: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Request, forward: Forward, before: list[Answer]) -> Answer:
        """The answer that the client gets."""
        passed: list[tuple[Request, Answer]] = []

        def watched(asked: Request) -> Answer:
            passed.append((asked, forward(asked)))
            return passed[-1][1]

        answer = self.fault(request, watched, before)
        with self.lock:
            self.struck += passed != [(request, answer)]
        return answer


class _Handler(PromptHandler):
    """One client's connection, and one to the server for it."""

    server: "_Server"

    def setup(self) -> None:
        super().setup()
        host, port = self.server.upstream
        self._upstream = http.client.HTTPConnection(host, port, timeout=30)
        self._before: list[Answer] = []

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def serve(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, tuple(self.headers.items()), body)
        self._send(self.server.tampering.handle(request, self._forward, self._before))

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = do_PATCH = do_OPTIONS = serve
    do_MKCOL = do_COPY = do_MOVE = do_PROPFIND = do_PROPPATCH = do_LOCK = do_UNLOCK = serve

    def _forward(self, request: Request) -> Answer:
        self._upstream.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            self._upstream.putheader(name, value)
        self._upstream.endheaders(request.body or None)
        response = self._upstream.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read(), response.will_close)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in FRAMING:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status == 204
        if not bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        if answer.closes:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            self.wfile.write(answer.body)


class _Server(ProxyServer):
    def __init__(self, upstream: Address) -> None:
        super().__init__(_Handler)
        self.upstream = upstream
        self.tampering = Tampering(("127.0.0.1", self.server_address[1]))


@contextmanager
def tampering(upstream: Address) -> Iterator[Tampering]:
    """A proxy in front of a server that listens on `upstream`; honest at first."""
    server = _Server(upstream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.tampering
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
