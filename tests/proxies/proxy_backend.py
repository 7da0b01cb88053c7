"""The server behind the proxies under test: it tells what arrived, and shows whether bodies stream."""

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

from tests.support.prompt import PromptHandler

WAIT_S = 10.0


class Backend(ThreadingHTTPServer):
    """`first_part` is set when the first byte of a body came; `client_saw` lets a dripping answer go on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.first_part = threading.Event()
        self.client_saw = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(PromptHandler):
    """Answers any method; `/drip` sends half an answer and waits, `/refuse` answers before it reads the body."""

    server: Backend

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        if self.path.startswith("/refuse"):
            self.close_connection = True
            self.send(401, b"", {"Connection": "close"})
            self.linger()
        elif self.path.startswith("/drip"):
            self.drip()
        else:
            self.tell()

    def linger(self) -> None:
        """Say that nothing more comes, and let the sender notice: closing at once would take the answer back (RST)."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(WAIT_S)
        with contextlib.suppress(OSError):
            while self.connection.recv(1 << 16):
                pass

    def handle_expect_100(self) -> bool:
        return True if self.path.startswith("/refuse") else super().handle_expect_100()

    def tell(self) -> None:
        digest, size = hashlib.sha256(), 0
        for block in self.body():
            self.server.first_part.set()
            digest.update(block)
            size += len(block)
        told = {
            "method": self.command,
            "target": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "size": size,
            "sha256": digest.hexdigest(),
        }
        self.send(207 if self.command == "PROPFIND" else 200, json.dumps(told).encode())

    def drip(self) -> None:
        self.send(200, b"first", {"Content-Length": "10"})
        self.wfile.flush()
        self.server.client_saw.wait(WAIT_S)
        self.wfile.write(b"again")

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        fields = {"Content-Length": str(len(body)), "Content-Type": "text/plain", "ETag": '"strong"', **(headers or {})}
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (block := self.rfile.read1(min(left, 1 << 18))):
            left -= len(block)
            yield block
