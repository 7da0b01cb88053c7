"""Starting `site_program.py`, and a client that checks every single answer."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

PROGRAM = Path(__file__).parent / "site_program.py"


class RunningSite:
    """The program, its port, and its processes."""

    def __init__(self, process: subprocess.Popen[str], port: int, heard: socket.socket) -> None:
        self.process = process
        self.port = port
        self._heard = heard

    def await_notice(self, line: str) -> None:
        """Wait until the server has told systemd this."""
        while line not in self._heard.recv(4096).decode().split("\n"):
            pass

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def resident_bytes(self) -> int:
        return max(worker.memory_info().rss for worker in self.workers() or [psutil.Process(self.process.pid)])

    def ask(self, path: str, method: str = "GET") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    @contextlib.contextmanager
    def begun(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """An answer whose head is there; it is the reader's to read on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        with connection.getresponse() as answer:
            yield answer
        connection.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


@contextlib.contextmanager
def notifications() -> Iterator[socket.socket]:
    """A socket as systemd's for sd_notify."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"{folder}/notify")
        sock.settimeout(15)
        yield sock


@contextlib.contextmanager
def running_site(workers: int, folder: Path | None = None) -> Iterator[RunningSite]:
    """The program on a free port; stopped at the end."""
    arguments = [sys.executable, str(PROGRAM), "0", str(workers), *([str(folder)] if folder else [])]
    with notifications() as heard, subprocess.Popen(
        arguments, env={**os.environ, "NOTIFY_SOCKET": heard.getsockname()}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            site = RunningSite(process, int(process.stdout.readline()), heard)
            site.await_notice("READY=1")
            yield site
        finally:
            process.terminate()
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise


class Load:
    """Threads that ask without pause and note every answer that is not whole and right."""

    def __init__(self, port: int, path: str, expected: set[str], threads: int = 4) -> None:
        self.port, self.path, self.expected = port, path, expected
        self.answers = 0
        self.failures: list[str] = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._done.is_set():
            try:
                connection.request("GET", self.path)
                text = connection.getresponse().read().decode()
                if text not in self.expected:
                    self.failures.append(text)
                self.answers += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()
