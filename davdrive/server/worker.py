"""What one process serves with, and the life of a forked worker from its first line to its last."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from wsgiref.types import WSGIApplication

from davdrive.server.board import Board, Seat
from davdrive.server.cores import stay_on_core
from davdrive.server.hooks import Gauges, OnRequest, nobody_watches
from davdrive.server.http import DriveServer
from davdrive.server.limits import ServerLimits
from davdrive.server.open_files import raise_open_files
from davdrive.server.tls import Tls

LOG = logging.getLogger("davdrive.server")
READY = b"1"


def nothing() -> None:
    """For hooks that are not wanted."""


def ignore_gauges(gauges: Gauges) -> None:
    """For a gauge hook that is not wanted."""


@dataclass(frozen=True)
class Site:
    """All that a process serves with, made in that very process: nothing of it may be made before a fork.

    `pin`: keep the process on one core (`davdrive.server.cores`). `on_gauges` is called four times a second; `close`
    after the last request, to close databases and the like.
    """

    app: WSGIApplication
    limits: ServerLimits = field(default_factory=ServerLimits)
    tls: Tls | None = None
    pin: bool = True
    on_request: OnRequest = nobody_watches
    on_gauges: Callable[[Gauges], None] = ignore_gauges
    close: Callable[[], None] = nothing


MakeSite = Callable[[], Site]


def run_worker(sock: socket.socket, make_site: MakeSite, board: Board, row: int, core: int, ready_fd: int) -> int:
    """Serve `sock` until told to stop; returns the exit status. Writes to `ready_fd` once it accepts.

    `row` is this worker's on the board; `core` the one that it stays on, counted around, if the site wants that.
    """
    supervisor = os.getppid()
    site = make_site()
    if site.pin:
        stay_on_core(core)
    raise_open_files(site.limits.connections)
    seat = Seat(board, row, os.getpid())

    def tick() -> None:
        seat.count(server.connection_count())
        site.on_gauges(server.gauges())
        if os.getppid() != supervisor:
            server.begin_drain()

    server = DriveServer(
        sock, site.app, site.limits, tls=site.tls, on_request=site.on_request, on_tick=tick, seat=seat
    )
    signal.signal(signal.SIGTERM, lambda *_: server.begin_drain())
    server.prepare()
    sock.close()
    seat.count(0)
    os.write(ready_fd, READY)
    os.close(ready_fd)
    try:
        server.serve()
    finally:
        site.close()
    return 0


def become_worker(run: Callable[[], int]) -> None:
    """In a freshly forked child: run, and leave the process without the parent's clean-up. Does not return."""
    status = 1
    try:
        status = run()
    except Exception as error:
        LOG.error("a worker could not go on: %s", error, exc_info=error)
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
