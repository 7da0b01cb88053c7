"""A proxy that gives each request to the next node in turn, whatever connection it came on."""

import http.client
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.prompt import PromptHandler, ProxyServer

TIMEOUT_S = 60
BLOCK = 1 << 16
_OWN_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "te", "trailer", "upgrade"}


class _Handler(PromptHandler):
    server: "_Server"
    close_connection: bool

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        self._pass_on()
        return False  # the base class looks for do_METHOD otherwise

    def handle(self) -> None:
        self.close_connection = False
        while not self.close_connection:
            self.raw_requestline = self.rfile.readline(BLOCK)
            if not self.raw_requestline:
                return
            self.parse_request()

    def _pass_on(self) -> None:
        node = self.server.next_node()
        upstream = http.client.HTTPConnection(*node, timeout=TIMEOUT_S)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OWN_HOP:
                    upstream.putheader(name, value)
            chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
            if chunked:
                upstream.putheader("Transfer-Encoding", "chunked")
            upstream.endheaders()
            self._send_body(upstream, chunked)
            self._answer(upstream.getresponse())
        finally:
            upstream.close()

    def _send_body(self, upstream: http.client.HTTPConnection, chunked: bool) -> None:
        try:
            for block in self._chunks() if chunked else self._blocks():
                upstream.send(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            if chunked:
                upstream.send(b"0\r\n\r\n")
        except ConnectionError:
            self.close_connection = True  # refused before the end; the answer says why

    def _blocks(self) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length", 0))
        while left:
            block = self.rfile.read(min(left, BLOCK))
            if not block:
                raise ConnectionError
            left -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HOP:
                self.send_header(name, value)
        empty = self.command == "HEAD" or answer.status in (204, 304)
        framed = empty or answer.getheader("Content-Length") is not None
        if not framed:
            self.send_header("Transfer-Encoding", "chunked")
        if answer.will_close or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        while not empty and (block := answer.read1(BLOCK)):
            self.wfile.write(block if framed else b"%x\r\n%s\r\n" % (len(block), block))
        if not framed:
            self.wfile.write(b"0\r\n\r\n")


class _Server(ProxyServer):
    def __init__(self, nodes: Sequence[tuple[str, int]]) -> None:
        super().__init__(_Handler)
        self._turns = itertools.cycle(nodes)
        self._mutex = threading.Lock()
        self.passed = 0

    def next_node(self) -> tuple[str, int]:
        with self._mutex:
            self.passed += 1
            return next(self._turns)


@contextmanager
def alternating(nodes: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The address of a proxy in front of the nodes."""
    server = _Server(nodes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield "127.0.0.1", server.server_address[1]
        assert server.passed > 1, "nothing went through the proxy"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
