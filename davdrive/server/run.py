"""`davdrive serve`'s last step: one process, or a supervisor with workers, until told to stop."""

import logging
import os
import signal
import socket
from types import FrameType

from davdrive.server.arenas import share_one_heap
from davdrive.server.cores import stay_on_core
from davdrive.server.http import DriveServer
from davdrive.server.listening import Listen, bind
from davdrive.server.notify import Notifier, passed_socket
from davdrive.server.open_files import raise_open_files
from davdrive.server.supervisor import Supervisor, SupervisorLimits
from davdrive.server.worker import MakeSite, Site

LOG = logging.getLogger("davdrive.server")

BACKLOG = 1024
"""Connections that the kernel holds for all workers together."""


def listening_socket(listen: Listen) -> socket.socket:
    """The socket that systemd passed, else a new one on `listen`. Raises OSError, ValueError."""
    return passed_socket(os.environ) or bind(listen, BACKLOG)


def serve(sock: socket.socket, make_site: MakeSite, workers: int, limits: SupervisorLimits | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. Call it from the main thread, before any other thread.

    `sock` comes from `listening_socket`. With `workers` of 0 this process serves alone, and SIGHUP reads the
    certificates again; otherwise so many processes do, and SIGHUP replaces them one by one without losing a request.
    `make_site` is called in each serving process, never in the supervisor.
    """
    share_one_heap()
    notifier = Notifier(os.environ)
    if workers:
        return Supervisor(sock, make_site, workers, notifier, limits).run()
    return _serve_alone(sock, make_site(), notifier)


def _serve_alone(sock: socket.socket, site: Site, notifier: Notifier) -> int:
    raise_open_files(site.limits.connections)
    if site.pin:
        stay_on_core(os.getpid())

    def tick() -> None:
        site.on_gauges(server.gauges())
        if notifier.watchdog_s:
            notifier.alive()

    server = DriveServer(sock, site.app, site.limits, tls=site.tls, on_request=site.on_request, on_tick=tick)
    server.prepare()
    sock.close()
    _handle_signals(server, site, notifier)
    notifier.ready("serving")
    try:
        server.serve()
    finally:
        site.close()
    return 0


def _handle_signals(server: DriveServer, site: Site, notifier: Notifier) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        notifier.stopping()
        server.begin_drain(0.0 if server.draining else None)

    def reload(number: int, frame: FrameType | None) -> None:
        if site.tls is None:
            return
        try:
            site.tls.reload()
        except ValueError as error:
            LOG.error("the certificates were not reloaded: %s", error)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
