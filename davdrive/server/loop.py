"""The selector thread: accepts, reads heads, shakes hands, lingers, and closes what took too long.

A connection reaches a worker only with a whole head, so that silent and dripping clients cost no thread.
"""

import contextlib
import os
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterable

from cheroot.connections import ConnectionManager

from davdrive.server.accepting import Acceptor
from davdrive.server.connection import DriveConnection, State
from davdrive.server.inbox import HEAD_PIECE
from davdrive.server.loop_ports import LoopServer
from davdrive.server.refusal import refusal_answer
from davdrive.server.tls_channel import TlsChannel
from davdrive.server.turns import Turns
from davdrive.server.watching import Watch

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
TICK_S = 0.25
"""How often times are looked at; every time limit is that much too generous."""


class ConnectionLoop(ConnectionManager):
    """Looks after every connection that no worker has. Registering is done from any thread, the rest from one."""

    def __init__(self, server: LoopServer) -> None:
        self.server = server
        self.limits = server.limits
        self.selector = selectors.DefaultSelector()
        self.connections: set[DriveConnection] = set()
        self._watch = Watch(server, self)
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self.selector.register(self._wake_in, READ, None)
        self._turns = Turns(self.selector, server.socket, Acceptor(server), self._adopt, server.seat)
        self._serving = False
        self._finished = threading.Event()

    def wake(self) -> None:
        """Make the loop look at what changed. Safe in a signal handler."""
        with contextlib.suppress(OSError):
            self._wake_out.send(b"!")

    def run(self, expiration_interval: float = TICK_S) -> None:
        """Serve until the watch says that all is drained."""
        self._serving = True
        last = time.monotonic()
        try:
            while True:
                for key, _ in self.selector.select(self._turns.timeout_s(expiration_interval)):
                    self._ready(key.data)
                self._turns.look()
                now = time.monotonic()
                if now - last >= expiration_interval or self.server.draining:
                    last = now
                    if not self._watch.look(now):
                        return
        finally:
            self._serving = False

    def _ready(self, data: object) -> None:
        if isinstance(data, DriveConnection):
            self._step(data)
        elif data is self._turns:
            self._turns.arrived()
        else:
            with contextlib.suppress(OSError):
                self._wake_in.recv(4096)

    def _adopt(self, connections: Iterable[DriveConnection]) -> None:
        for connection in connections:
            self.connections.add(connection)
            self.selector.register(connection.fd, READ, connection)
        self.server.publish()

    def _step(self, connection: DriveConnection) -> None:
        """A connection can go on; whatever goes wrong with it ends it alone."""
        try:
            if connection.state is State.LINGER:
                self._discard(connection)
            elif connection.state is State.HANDSHAKE:
                self._shake(connection)
            else:
                self._fill(connection)
        except OSError:
            self.drop(connection)

    def _shake(self, connection: DriveConnection) -> None:
        assert isinstance(connection.channel, TlsChannel)
        try:
            wanted = connection.channel.handshake()
        except ssl.SSLError as error:
            if error.reason == "HTTP_REQUEST":
                os.write(connection.fd, refusal_answer(400, "This port speaks HTTPS; use https:// in the URL."))
            raise
        if wanted:
            self.selector.modify(connection.fd, READ if wanted == select.POLLIN else WRITE, connection)
            return
        connection.secured()
        self.selector.modify(connection.fd, READ, connection)
        self._fill(connection)

    def _fill(self, connection: DriveConnection) -> None:
        """Read what is there; with a whole head the connection goes to a worker."""
        data = connection.channel.recv_now(HEAD_PIECE)
        if data is None:
            return
        if not data:
            self.drop(connection)
            return
        if connection.state is State.IDLE:
            connection.enter(State.HEAD)
        connection.inbox.add(data)
        while connection.channel.pending() and connection.inbox.more_now():
            pass
        self._with_head(connection)

    def _with_head(self, connection: DriveConnection) -> None:
        if connection.inbox.head_end():
            self.selector.unregister(connection.fd)
            connection.enter(State.BUSY)
            self.server.process_conn(connection)
        elif len(connection.inbox.buffer) > self.limits.header_bytes:
            self._refuse(connection, *connection.inbox.too_long(self.limits))

    def end_idle(self, connection: DriveConnection) -> None:
        """Close a connection whose time is over, unless its next request has just arrived."""
        if connection.state is State.IDLE:
            self._step(connection)
            if connection.state is not State.IDLE:
                return
        self.drop(connection)

    def make_room(self) -> bool:
        """Close the connection that has been idle for longest; False if none is idle."""
        idle = [connection for connection in list(self.connections) if connection.state is State.IDLE]
        if idle:
            self.end_idle(min(idle, key=lambda connection: connection.since))
        return bool(idle)

    def expire_head(self, connection: DriveConnection) -> None:
        """The head did not come in time: 408 if it had begun, else the connection just ends (RFC 9110 §15.5.9)."""
        if connection.inbox.buffer:
            self._refuse(connection, 408, "The head of the request did not come in time.")
        else:
            self.drop(connection)

    def _refuse(self, connection: DriveConnection, status: int, message: str) -> None:
        self.selector.unregister(connection.fd)
        connection.refuse(status, message)
        connection.close()

    def _discard(self, connection: DriveConnection) -> None:
        """Swallow a little of what a refused client still sends, so that it can read why."""
        data = connection.socket.recv(HEAD_PIECE)
        connection.lingered += len(data)
        if not data:
            self.drop(connection)
        elif connection.lingered >= self.limits.drain_bytes:
            self.selector.unregister(connection.fd)

    def put(self, conn: DriveConnection) -> None:
        """A worker gives a connection back: to be served again if it holds a head, else to wait for one."""
        inbox = conn.inbox
        if not inbox.buffer and conn.channel.pending():
            inbox.more_now()
        if inbox.buffer and inbox.head_end():
            self.server.process_conn(conn)
            return
        conn.enter(State.HEAD if inbox.buffer else State.IDLE)
        self.selector.register(conn.fd, READ, conn)

    def linger(self, connection: DriveConnection) -> None:
        """Half-close, and give the client `linger_s` to read its answer."""
        try:
            connection.channel.half_close()
            connection.socket.setblocking(False)
        except OSError:
            connection.close()
            return
        connection.enter(State.LINGER)
        self.selector.register(connection.fd, READ, connection)

    def drop(self, connection: DriveConnection) -> None:
        """Close a connection that the selector looks after."""
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(connection.fd)
        connection.lingering = False
        connection.close()

    def stop_listening(self) -> None:
        """Accept no more."""
        self._turns.end()

    def close(self) -> None:
        """Close every connection and the selector."""
        for connection in list(self.connections):
            self.drop(connection)
        self.selector.close()
        self._wake_in.close()
        self._wake_out.close()
