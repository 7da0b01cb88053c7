"""One client connection: its channel and inbox, the state it is in, and the loop over its requests."""

import enum
import socket
import struct
import time
from typing import Protocol

from cheroot.server import HTTPConnection

from davdrive.deadline import Deadline
from davdrive.observe.metrics import record
from davdrive.server.channel import Channel
from davdrive.server.inbox import HEAD_PIECE, Inbox
from davdrive.server.pool import WorkerPool
from davdrive.server.refusal import refusal_answer
from davdrive.server.request import DriveRequest
from davdrive.server.request_ports import RequestServer


class State(enum.Enum):
    """Who looks after a connection: the selector thread, except while BUSY."""

    HANDSHAKE = "handshake"
    HEAD = "head"
    BUSY = "busy"
    IDLE = "idle"
    LINGER = "linger"
    CLOSED = "closed"


class ConnectionServer(RequestServer, Protocol):
    """What a connection needs of the server."""

    requests: WorkerPool

    def linger(self, conn: "DriveConnection") -> None:
        """A refused client may read its answer."""

    def forget(self, conn: "DriveConnection") -> None:
        """A connection is closed."""


class DriveConnection(HTTPConnection):
    """A connection with its state. `since` is the monotonic time at which its state began."""

    RequestHandlerClass = DriveRequest
    server: ConnectionServer

    def __init__(self, server: ConnectionServer, channel: Channel, address: str, port: int) -> None:
        self.server = server
        self.channel = channel
        self.socket = channel.sock
        self.fd = channel.sock.fileno()
        self.inbox = Inbox(channel)
        self.rfile = self.wfile = self.inbox
        self.remote_addr, self.remote_port = address, port
        self.requests_seen = 0
        self.address_key = address
        self.is_proxy = False
        self.lingering = self.reset = False
        self.lingered = 0
        self._ended = False
        self.deadline: Deadline | None = None
        self.state = State.HEAD
        self.since = time.monotonic()
        self.base_environ: dict[str, object] = {}

    def enter(self, state: State) -> None:
        """Change the state and note when."""
        self.state = state
        self.since = time.monotonic()

    def secured(self) -> None:
        """The TLS handshake is done: requests may come, and know it."""
        cipher = self.socket.cipher()
        self.base_environ.update({"wsgi.url_scheme": "https", "HTTPS": "on"})
        if cipher:
            self.base_environ.update(SSL_CIPHER=cipher[0], SSL_PROTOCOL=cipher[1])
        self.enter(State.HEAD)

    def begin(self, deadline: Deadline) -> None:
        """A request begins on this connection."""
        self.deadline = deadline
        self.channel.begin(deadline)

    def communicate(self) -> bool:
        """Serve requests while they are here or come within a moment; True to be kept by the selector.

        cheroot's worker calls this with a whole head in the inbox.
        """
        record().queue_wait(time.monotonic() - self.since)
        while True:
            self.since = time.monotonic()
            request = self.RequestHandlerClass(self.server, self)
            request.parse_request()
            if request.ready:
                request.respond()
                self.deadline = None
            self.requests_seen += 1
            if request.close_connection:
                return False
            if not self._stay():
                return not self._ended

    def _stay(self) -> bool:
        """True if this thread should serve the next request too: its head is here, and nobody waits for a thread."""
        pool = self.server.requests
        if not pool.qsize and not self.inbox.buffer and pool.may_stick():
            try:
                data = self.channel.recv_soon(HEAD_PIECE)
            except OSError:
                data = b""
            if data:
                self.inbox.add(data)
            elif data is not None:
                self._ended = True
                return False
        return not pool.qsize and self.inbox.head_end() > 0

    def refuse(self, status: int, message: str, extra: str = "") -> None:
        """Answer in plain text as far as the socket takes it at once; the connection lingers and closes."""
        self.lingering = True
        try:
            self.socket.setblocking(False)
            self.socket.send(refusal_answer(status, message, extra))
        except OSError:
            self.lingering = False

    def close(self) -> None:
        """End the connection: at once, or after a linger that lets the client read its answer."""
        if self.lingering:
            self.lingering = False
            self.server.linger(self)
            return
        if self.reset and self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.enter(State.CLOSED)
        if self.socket.fileno() >= 0:
            self.server.forget(self)
            self.socket.close()
