"""The HTTP server of one process: cheroot, with davdrive's parts in its seams."""

import itertools
import logging
import queue
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot.wsgi import Server

from davdrive.server.addresses import Addresses
from davdrive.server.board import Seat
from davdrive.server.connection import DriveConnection
from davdrive.server.gateway import DriveGateway
from davdrive.server.hooks import Gauges, OnRequest, nobody_watches
from davdrive.server.limits import ServerLimits
from davdrive.server.listening import Listen, bind
from davdrive.server.loop import TICK_S, ConnectionLoop
from davdrive.server.pool import WorkerPool
from davdrive.server.tls import Tls

LOG = logging.getLogger("davdrive.server")


class DriveServer(Server):
    """Serves one WSGI application on one address with bounded threads.

    `listen` is where: ("127.0.0.1", 8080), "host:port", "unix:/path", or a socket that listens already and stays open
    for others. `start` serves until `stop` or `begin_drain` is called from another thread or a signal handler.
    """

    ConnectionClass = DriveConnection

    def __init__(
        self,
        listen: Listen,
        app: WSGIApplication,
        limits: ServerLimits | None = None,
        *,
        tls: Tls | None = None,
        on_request: OnRequest = nobody_watches,
        on_tick: Callable[[], None] = lambda: None,
        seat: Seat | None = None,
    ) -> None:
        self.limits = limits or ServerLimits()
        super().__init__(("127.0.0.1", 0), app, numthreads=self.limits.threads)
        self.listen = listen
        self.tls = tls
        self.on_request = on_request
        self.on_tick = on_tick
        self.seat = seat
        self.gateway = DriveGateway
        self.requests = WorkerPool(self, self.limits)
        self.addresses = Addresses()
        self.draining = False
        self.drain_s = self.limits.drain_s
        self.base_environ = _base_environ(seat is not None)
        self._numbers = itertools.count(1)
        self._prefix = secrets.token_hex(4)
        self._stopped = threading.Event()
        self.socket: socket.socket

    def next_request_id(self) -> str:
        """A number that no other request of any worker has."""
        return f"{self._prefix}-{next(self._numbers):x}"

    @property
    def listening_at(self) -> tuple[str, int]:
        """Host and port, with the real port where 0 was asked for; ("localhost", 0) for a Unix socket."""
        if self.socket.family == socket.AF_UNIX:
            return "localhost", 0
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)

    def prepare(self) -> None:
        """Listen and start the threads; `serve` comes next. Raises OSError if the address is taken."""
        self.socket = bind(self.listen, self.limits.backlog)
        self.bind_addr = self.listening_at
        self._connections = ConnectionLoop(self)
        self.requests.start()
        self._start_time = time.time()
        self.ready = True

    def serve(self) -> None:
        """Serve until a drain has ended."""
        try:
            self._connections.run(TICK_S)
        finally:
            self.ready = False
            self._connections.stop_listening()
            self._connections.close()
            self.requests.stop(self.shutdown_timeout)
            self._stopped.set()

    def begin_drain(self, drain_s: float | None = None) -> None:
        """Accept no more; end with the requests under way, at most `drain_s` from now. Safe in a signal handler."""
        if drain_s is not None:
            self.drain_s = drain_s
        self.draining = True
        if self.ready:
            self._connections.wake()

    def stop(self, drain_s: float | None = None) -> None:
        """Drain, and wait for the end of it. Not from the thread that serves: use `begin_drain` there."""
        if not self.ready:
            return
        self.begin_drain(drain_s)
        self._stopped.wait()

    def process_conn(self, conn: DriveConnection) -> None:
        """Queue a connection with a whole head; answer 503 at once when the queue is full."""
        try:
            self.requests.put(conn)
        except queue.Full:
            again = f"Retry-After: {self.limits.retry_after_s}\r\n"
            conn.refuse(503, "The server is busy; try again in a moment.", again)
            self.on_request("-", 503, 0.0, 0, 0)
            conn.close()

    def put_conn(self, conn: DriveConnection) -> None:
        """A worker gives a connection back."""
        try:
            self._connections.put(conn)
        except (OSError, ValueError):
            conn.close()

    def linger(self, conn: DriveConnection) -> None:
        """A refused client may read its answer."""
        self._connections.linger(conn)

    def forget(self, conn: DriveConnection) -> None:
        """A connection is closed."""
        if conn in self._connections.connections:
            self._connections.connections.discard(conn)
            self.addresses.remove(conn.address_key)
            self.publish()

    def publish(self) -> None:
        """Let the other workers know how full this one is."""
        if self.seat is not None:
            self.seat.count(self.connection_count())

    def make_room(self) -> bool:
        """Close one idle connection in favour of a new one; False if none is idle."""
        return self._connections.make_room()

    def connection_count(self) -> int:
        """Open connections."""
        return len(self._connections.connections)

    def gauges(self) -> Gauges:
        """How busy the server is at this moment."""
        pool = self.requests
        busy = max(0, pool.size - pool.idle - pool.parked)
        return Gauges(self.connection_count(), pool.qsize, busy, pool.parked, pool.size)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """What cheroot itself has to say goes to the log."""
        LOG.log(level, "%s", msg, exc_info=traceback)


def _base_environ(multiprocess: bool) -> dict[str, Any]:
    """What every request's environ begins with (PEP 3333)."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_SOFTWARE": "davdrive",
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": multiprocess,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
    }
