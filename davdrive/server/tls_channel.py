"""A connection's bytes over TLS: never blocking, so that every wait goes through the pace and the deadline."""

import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from davdrive.server.channel import Channel

T = TypeVar("T")
SEND_BYTES = 256 * 1024
"""What OpenSSL gets in one call; it makes records of 16 KiB of it."""


class TlsChannel(Channel):
    """One TLS connection. Renegotiation and session tickets may turn a read into a wait for writing, and back."""

    __slots__ = ()

    sendfile_works = False
    sock: ssl.SSLSocket

    def _prepare(self) -> None:
        self.sock.settimeout(0)
        self.first_wait_s = self.limits.park_s

    def handshake(self) -> int:
        """Go on with the handshake: 0 when done, else the poll event to wait for. Raises ssl.SSLError, OSError."""
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return select.POLLIN
        except ssl.SSLWantWriteError:
            return select.POLLOUT
        return 0

    def recv_now(self, size: int) -> bytes | None:
        """What is there, at most `size` bytes; None if nothing is, b"" at the end. Never waits."""
        try:
            return self.sock.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLEOFError:
            return b""

    def recv_soon(self, size: int) -> bytes | None:
        """Like `recv_now`, but waits up to `stick_s`."""
        if not self.sock.pending():
            poll = select.poll()
            poll.register(self.sock.fileno(), select.POLLIN)
            if not poll.poll(self.limits.stick_s * 1000):
                return None
        return self.recv_now(size)

    def _recv_into(self, view: memoryview) -> int:
        try:
            return self._waiting(lambda: self.sock.recv_into(view), incoming=True)
        except ssl.SSLEOFError:
            return 0

    def _send_some(self, views: list[memoryview]) -> int:
        return self._waiting(lambda: self.sock.send(views[0][:SEND_BYTES]), incoming=False)

    def _waiting(self, call: Callable[[], T], incoming: bool) -> T:
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                event = select.POLLIN
            except ssl.SSLWantWriteError:
                event = select.POLLOUT
            if incoming:
                self.pace_in = self._wait(event, self.pace_in)
            else:
                self.pace_out = self._wait(event, self.pace_out)

    def half_close(self) -> None:
        """Send close_notify and a FIN; what the peer still sends can be read raw and dropped."""
        with suppress(OSError, ValueError):
            self.sock.unwrap()
        self.sock.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Wake whoever waits, from another thread. The TLS state stays: without it the waiter would read ciphertext."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def pending(self) -> bool:
        """True if OpenSSL holds decrypted bytes."""
        return self.sock.pending() > 0
