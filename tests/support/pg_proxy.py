"""A man in the middle of PostgreSQL: counts round trips, and cuts a connection exactly at its COMMIT."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.engine import make_url

from tests.support.prompt import prompt

_SSL_REQUEST = 80877103
_HEAD_BYTES = 5
_IS_PRIMARY, _IS_STANDBY = b"S\0\0\0\x17in_hot_standby\0off\0", b"S\0\0\0\x16in_hot_standby\0on\0"

When = Literal["before", "after", "late"]
"""Where a COMMIT's connection is cut: it never arrives; its answer never does; it arrives when the client has gone."""


@dataclass
class Wire:
    """What goes over the proxy. `turns`: how often clients waited for all answers (a Sync or a Query each). `cut` plans
    one cut at a COMMIT. `hole`: bytes are taken and go nowhere, in both directions, until it is over. `shut`: new
    connections end at once. `standby`: the server says to them that it is one."""

    turns: int = 0
    commits: int = 0
    cuts: int = 0
    late_s: float = 0.3
    plan: When | None = None
    shut: bool = False
    standby: bool = False
    passable: threading.Event = field(default_factory=threading.Event)
    pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.passable.set()

    @contextmanager
    def hole(self) -> Iterator[None]:
        """Swallow everything while the block lasts, and new connections too; no side hears of it."""
        self.passable.clear()
        try:
            yield
        finally:
            self.passable.set()

    def cut(self, when: When) -> None:
        """Cut the next connection that commits."""
        self.plan = when

    def take(self) -> When | None:
        with self.lock:
            planned, self.plan = self.plan, None
            self.cuts += planned is not None
            return planned

    def sever(self) -> None:
        """Cut every connection there is, now."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            _close(*pair)


def _close(*sockets: socket.socket) -> None:
    """End both directions: whoever reads sees the end, and the reader closes."""
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class _Reader:
    """Finds COMMITs and Syncs in what a client sends (PostgreSQL's protocol 3)."""

    def __init__(self) -> None:
        self._pending = b""
        self._started = False
        self._commits: set[bytes] = set()

    def read(self, data: bytes) -> tuple[int, int]:
        """How many COMMITs end in these bytes, and how many requests to answer all."""
        self._pending += data
        messages = list(iter(self._message, None))
        return sum(self._is_commit(*each) for each in messages), sum(kind in (b"S", b"Q") for kind, _ in messages)

    def _message(self) -> tuple[bytes, bytes] | None:
        head = _HEAD_BYTES if self._started else 4
        if len(self._pending) < head:
            return None
        length = int.from_bytes(self._pending[head - 4 : head], "big") + head - 4
        if len(self._pending) < length:
            return None
        kind, body = self._pending[: head - 4], self._pending[head:length]
        self._pending = self._pending[length:]
        self._started = self._started or int.from_bytes(body[:4], "big") != _SSL_REQUEST
        return kind, body

    def _is_commit(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P":
            name, sql, _ = body.split(b"\0", 2)
            if sql == b"COMMIT":
                self._commits.add(name)
            else:
                self._commits.discard(name)
        if kind == b"B":
            return body.split(b"\0", 2)[1] in self._commits
        return kind == b"Q" and body.rstrip(b"\0") == b"COMMIT"


class _Connection:
    """One client's connection, pumped in both directions."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._reader = _Reader()
        self._mute = False

    def serve(self) -> None:
        """Pump until both directions have ended."""
        answers = threading.Thread(target=self._run, args=(self._to_client,), daemon=True)
        answers.start()
        self._run(self._to_server)
        answers.join()
        self._client.close()
        self._server.close()

    def _run(self, pump: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            pump()
        _close(self._client, *(() if self._mute else (self._server,)))

    def _to_server(self) -> None:
        while data := self._client.recv(1 << 16):
            self._wire.passable.wait()
            commits, turns = self._reader.read(data)
            self._wire.commits += commits
            self._wire.turns += turns
            planned = self._wire.take() if commits else None
            if planned is not None:
                self._cut(planned, data)
                return
            self._server.sendall(data)

    def _cut(self, when: When, data: bytes) -> None:
        if when == "before":
            return
        self._mute = True
        if when == "late":
            _close(self._client)
            threading.Event().wait(self._wire.late_s)
        self._server.sendall(data)
        threading.Event().wait(self._wire.late_s)
        _close(self._server)

    def _to_client(self) -> None:
        while data := self._server.recv(1 << 16):
            self._wire.passable.wait()
            if self._wire.standby:
                data = data.replace(_IS_PRIMARY, _IS_STANDBY)
            if not self._mute:
                self._client.sendall(data)


@contextmanager
def pg_proxy(url: str) -> Iterator[tuple[str, Wire]]:
    """A proxy in front of the database of a SQLAlchemy URL: the URL that leads through it, and its wire."""
    parsed, wire = make_url(url), Wire()
    folder = parsed.query.get("host", "")
    listener = prompt(socket.create_server(("127.0.0.1", 0)))
    through = parsed.set(host="127.0.0.1", port=listener.getsockname()[1], query={"sslmode": "disable"})

    def connect() -> socket.socket:
        if not folder:
            return prompt(socket.create_connection((parsed.host or "127.0.0.1", parsed.port or 5432)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{folder}/.s.PGSQL.{parsed.query.get('port', 5432)}")
        return server

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                if wire.shut:
                    client.close()
                    continue
                try:
                    server = connect()
                except OSError:
                    client.close()
                    continue
                with wire.lock:
                    wire.pairs.append((client, server))
                threading.Thread(target=_Connection(wire, client, server).serve, daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield through.render_as_string(hide_password=False), wire
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        wire.sever()
