"""Accepting connections, within the limits of all and of one address."""

import contextlib
import errno
import ipaddress
import logging
import socket
import time
from collections.abc import Iterator

from davdrive.server.addresses import address_key, is_within
from davdrive.server.channel import Channel
from davdrive.server.connection import DriveConnection, State
from davdrive.server.loop_ports import AcceptorServer
from davdrive.server.refusal import refusal_answer
from davdrive.server.tls_channel import TlsChannel

LOG = logging.getLogger("davdrive.server")

UNIX = "unix"
"""What a proxy on a Unix socket is called among the trusted peers."""
NEAR = frozenset({"", "::1"})
"""Peers on this machine, beside 127.0.0.0/8: a Unix socket has no address."""
AT_ONCE = 64
"""Connections accepted before the others are looked at again."""
FULL_PAUSE_S = 0.05
"""How long to rest when the process has no file descriptor left."""


class Acceptor:
    """Makes connections of what arrives at the listening socket."""

    def __init__(self, server: AcceptorServer) -> None:
        self._server = server
        self._limits = server.limits
        peers = self._limits.trusted_peers
        self._trusted = [ipaddress.ip_network(text, strict=False) for text in peers if text != UNIX]
        self._trusts_unix = UNIX in peers
        host, port = server.listening_at
        self._environ: dict[str, object] = dict(server.base_environ, SERVER_NAME=host, SERVER_PORT=str(port))

    def accept(self, most: int) -> Iterator[DriveConnection]:
        """The connections that wait, at most so many."""
        for _ in range(most):
            try:
                sock, address = self._server.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    LOG.error("no file descriptor is left for a new connection; raise the limit of open files")
                    time.sleep(FULL_PAUSE_S)
                return
            connection = self._admit(sock, address)
            if connection is not None:
                yield connection

    def _admit(self, sock: socket.socket, address: object) -> DriveConnection | None:
        host, port = (str(address[0]), int(address[1])) if isinstance(address, tuple) else ("", 0)
        key = address_key(host)
        if self._server.connection_count() >= self._limits.connections and not self._server.make_room():
            self._turn_away(sock, "The server has too many connections; come again later.")
            return None
        if not self._server.addresses.add(key, self._most_of(host)):
            self._turn_away(sock, "Your address has too many connections; close some.")
            return None
        try:
            return self._make(sock, host, port, key)
        except (OSError, ValueError):
            self._server.addresses.remove(key)
            sock.close()
            return None

    def _most_of(self, host: str) -> int:
        """How many connections one address may have."""
        if not host or self._trusts(host):
            return self._limits.connections
        return self._limits.connections_per_address

    def _trusts(self, host: str) -> bool:
        """Whether it is a proxy of ours; empty for a Unix socket."""
        return is_within(host, self._trusted) if host and self._trusted else not host and self._trusts_unix

    def _make(self, sock: socket.socket, host: str, port: int, key: str) -> DriveConnection:
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls, parking = self._server.tls, self._server.requests.parking
        if tls is None:
            channel = Channel(sock, self._limits, parking)
        else:
            sock.setblocking(False)
            channel = TlsChannel(tls.wrap(sock), self._limits, parking)
        channel.near = host in NEAR or host.startswith("127.")
        connection = DriveConnection(self._server, channel, host, port)
        connection.address_key = key
        connection.is_proxy = self._trusts(host)
        connection.base_environ = dict(self._environ, REMOTE_ADDR=host, REMOTE_PORT=str(port))
        if tls is not None:
            connection.enter(State.HANDSHAKE)
        return connection

    def _turn_away(self, sock: socket.socket, message: str) -> None:
        """503 as far as the socket takes it; a TLS client sees the connection end."""
        with contextlib.suppress(OSError):
            if self._server.tls is None:
                sock.setblocking(False)
                sock.send(refusal_answer(503, message, f"Retry-After: {self._limits.retry_after_s}\r\n"))
                sock.shutdown(socket.SHUT_WR)
        sock.close()
