"""What the server tests share: an application with one path a behaviour, a server around it, and raw requests."""

import contextlib
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from davdrive.errors import BodyMismatch
from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits

BIG = b"0123456789abcdef" * 4096
Headers = list[tuple[str, str]]


@dataclass
class Reply:
    """What came back on a raw connection: statuses in order, all bytes, and whether the server closed."""

    statuses: list[int]
    raw: bytes
    closed: bool

    @property
    def body(self) -> bytes:
        return self.raw.rpartition(b"\r\n\r\n")[2]


class Closing:
    """An iterable that counts how often it was closed."""

    closed = 0

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        Closing.closed += 1


class Ranges(Closing):
    """Two ranges of one file, or its blocks where files cannot be sent."""

    def __init__(self, path: Path) -> None:
        super().__init__(iter([b"iterated"]))
        self.path = path

    def file_ranges(self) -> list[tuple[Path, int, int]] | None:
        return [(self.path, 10, 6), (self.path, 0, 10)]


class RigApp:
    """One path a behaviour. `seen` is the environ of the last request; /held and /deaf last until `over` is set."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}
        self.mismatches: list[str] = []
        self.ended: list[str] = []
        self.file = Path(__file__)
        self.calls = 0
        self.over = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        self.seen = environ
        self.calls += 1
        name = re.sub("[^a-z_]", "", environ["PATH_INFO"].lstrip("/").split("/")[0]) or "hello"
        return getattr(self, name, self.hello)(environ, start_response)

    def hello(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello\n"]

    def environ(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]

    def echo(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        digest, size, buffer = hashlib.sha256(), 0, bytearray(256 * 1024)
        body = environ["wsgi.input"]
        try:
            while count := body.readinto(buffer):
                digest.update(memoryview(buffer)[:count])
                size += count
        except BodyMismatch as error:
            self.mismatches.append(str(error))
            start_response("400 Bad Request", [])
            return [b"mismatch\n"]
        assert body.exhausted
        start_response("200 OK", [])
        return [f"{size} {digest.hexdigest()}\n".encode()]

    def leak(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["wsgi.input"].read()
        return self.hello(environ, start_response)

    def refuse(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')])
        return [b"who are you?\n"]

    def stream(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        return Closing(iter([b"one", b"", b"two"]))

    def empty(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("204 No Content", [])
        return []

    def nothing(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        return []

    def big(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        blocks = 1024
        start_response("200 OK", [("Content-Length", str(len(BIG) * blocks))])
        return Closing(BIG for _ in range(blocks))

    def breaks(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])

        def blocks() -> Iterator[bytes]:
            yield b"first"
            raise RuntimeError("planted")

        return Closing(blocks())

    def boom(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        raise RuntimeError("planted secret")

    def short(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Length", "10")])
        return [b"five5"]

    def long(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Length", "3")])
        return [b"fo", b"ur"]

    def split(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("X-Name", "a\r\nX-Injected: b")])
        return [b"x"]

    def files(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Length", "16")])
        return Ranges(self.file)

    def wait(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        deadline = environ["davdrive.deadline"]
        ends = time.monotonic() + 20
        while not deadline.reason and time.monotonic() < ends:
            time.sleep(0.01)
        self.ended.append(deadline.reason)
        start_response("503 Service Unavailable", [])
        return [b"given up\n"]

    def held(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Heeds neither its deadline nor the end of the server."""
        assert self.over.wait(20)
        return self.hello(environ, start_response)


@contextlib.contextmanager
def serving(app: Any, limits: ServerLimits | None = None, **options: Any) -> Iterator[DriveServer]:
    """A server of `app` on a free port of 127.0.0.1, in a thread."""
    server = DriveServer(("127.0.0.1", 0), app, limits, **options)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop(drain_s=0)
        thread.join()


def connect(server: DriveServer) -> socket.socket:
    """A client's socket, with a time-out that no test should reach."""
    return socket.create_connection(server.listening_at, timeout=10)


def read_until_quiet(sock: socket.socket, quiet_s: float = 0.5, first_s: float = 5.0) -> tuple[bytes, bool]:
    """Everything that comes until nothing does for `quiet_s`, at first for `first_s`, or the server closes."""
    parts: list[bytes] = []
    sock.settimeout(max(first_s, quiet_s))
    while True:
        try:
            data = sock.recv(65536)
        except TimeoutError:
            return b"".join(parts), False
        except ConnectionResetError:
            return b"".join(parts), True
        if not data:
            return b"".join(parts), True
        parts.append(data)
        sock.settimeout(quiet_s)


def raw_request(server: DriveServer, data: bytes, half_close: bool = False, first_s: float = 5.0) -> Reply:
    """Send bytes on a fresh connection and gather what comes back."""
    with connect(server) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        raw, closed = read_until_quiet(sock, first_s=first_s)
    statuses = [int(code) for code in re.findall(rb"^HTTP/1\.1 ([0-9]{3}) ", raw, re.MULTILINE)]
    return Reply(statuses, raw, closed)
