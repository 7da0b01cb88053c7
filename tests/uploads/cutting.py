"""A proxy that cuts an upload where a test says, in the ways in which lines and machines break."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.prompt import prompt

HOST = "127.0.0.1"
PIECE = 64 << 10
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Cut:
    """After `at` bytes from clients in all: do `how` ("reset" or "close") to both sides, and then `also`."""

    at: int
    how: str = "reset"
    also: Callable[[], None] = lambda: None


@dataclass
class CuttingProxy:
    """Listens on `port` and passes bytes on to `upstream`, which may change. `cuts` are done in order."""

    upstream: tuple[str, int]
    cuts: list[Cut]
    done: int = 0
    passed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket = field(default_factory=socket.socket)

    def __enter__(self) -> "CuttingProxy":
        prompt(self._listener).bind((HOST, 0))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self._listener.getsockname()[1]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = prompt(socket.create_connection(self.upstream, timeout=20))
            except OSError:
                client.close()
                continue
            for source, target, counted in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, target, counted), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        how = "close"
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                cut = self._reached(len(data)) if counted else None
                target.sendall(data if cut is None else data[: cut.at - (self.passed - len(data))])
                if cut is not None:
                    cut.also()
                    how = cut.how
                    break
        self._end(source, target, how)

    @staticmethod
    def _end(source: socket.socket, target: socket.socket, how: str) -> None:
        """Close our own side, and wake the other thread, which then closes the other."""
        with contextlib.suppress(OSError):
            if how == "reset":
                for each in (source, target):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            target.shutdown(socket.SHUT_RD if how == "reset" else socket.SHUT_RDWR)
        source.close()

    def _reached(self, count: int) -> Cut | None:
        with self._lock:
            self.passed += count
            if self.done < len(self.cuts) and self.passed >= self.cuts[self.done].at:
                self.done += 1
                return self.cuts[self.done - 1]
        return None
