"""What the parts of the selector thread need of the server and of each other, named without importing the owners."""

import socket
from collections.abc import Callable
from typing import Protocol

from davdrive.server.addresses import Addresses
from davdrive.server.board import Seat
from davdrive.server.connection import ConnectionServer, DriveConnection
from davdrive.server.limits import ServerLimits
from davdrive.server.pool import WorkerPool
from davdrive.server.tls import Tls


class AcceptorServer(ConnectionServer, Protocol):
    """What accepting needs of the server: it also hands the server on to each connection that it makes."""

    socket: socket.socket
    tls: Tls | None
    addresses: Addresses
    base_environ: dict[str, object]

    @property
    def listening_at(self) -> tuple[str, int]:
        """Host and port."""

    def connection_count(self) -> int:
        """Open connections."""

    def make_room(self) -> bool:
        """Close one idle connection in favour of a new one; False if none is idle."""


class WatchServer(Protocol):
    """What the watch needs of the server."""

    limits: ServerLimits
    requests: WorkerPool
    on_tick: Callable[[], None]
    draining: bool
    drain_s: float


class LoopServer(AcceptorServer, WatchServer, Protocol):
    """What the selector thread as a whole needs of the server."""

    seat: Seat | None

    def process_conn(self, conn: DriveConnection) -> None:
        """Queue a connection with a whole head."""

    def publish(self) -> None:
        """Let the other workers know how full this one is."""


class WatchedLoop(Protocol):
    """What the watch needs of the loop: its connections, and the ways in which they end."""

    connections: set[DriveConnection]

    def expire_head(self, connection: DriveConnection) -> None:
        """The head did not come in time."""

    def end_idle(self, connection: DriveConnection) -> None:
        """Close a connection whose time is over, unless its next request has just arrived."""

    def drop(self, connection: DriveConnection) -> None:
        """Close a connection that the selector looks after."""

    def stop_listening(self) -> None:
        """Accept no more."""
