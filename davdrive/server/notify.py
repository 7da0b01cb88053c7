"""systemd's protocols, spoken directly: readiness and watchdog (sd_notify(3)), passed sockets (sd_listen_fds(3))."""

import os
import socket
import time
from collections.abc import MutableMapping

FIRST_PASSED_FD = 3


class Notifier:
    """Tells systemd what happens; without $NOTIFY_SOCKET it tells nobody."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(usec) / 1e6 if usec.isdecimal() and self._is_mine(environ) else 0.0

    def _is_mine(self, environ: MutableMapping[str, str]) -> bool:
        return environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())

    def send(self, *lines: str) -> None:
        """Send one message, if somebody listens. Never raises and never waits."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return

    def ready(self, status: str) -> None:
        """The service serves, or serves again after a reload."""
        self.send("READY=1", "STATUS=" + status)

    def reloading(self) -> None:
        """A reload began; `ready` ends it."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={int(time.monotonic() * 1e6)}")

    def stopping(self) -> None:
        """The service ends."""
        self.send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self.send("WATCHDOG=1")


def passed_socket(environ: MutableMapping[str, str]) -> socket.socket | None:
    """The listening socket that systemd passed, if it passed one to this process; the variables are removed.

    Raises ValueError if it passed several: davdrive listens on one address.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdecimal() or count == "0":
        return None
    if count != "1":
        raise ValueError("systemd passed several sockets; keep one ListenStream in the socket unit")
    os.set_inheritable(FIRST_PASSED_FD, False)
    return socket.socket(fileno=FIRST_PASSED_FD)
