"""A real `davdrive serve` on a free port, with users, a data directory of its own and everything it printed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.commands import davdrive, environment
from tests.support.http import Client
from tests.support.people import add_users

HOST = "127.0.0.1"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
USERS = {"bob": "bob's secret", "alice": "alice's secret"}


@dataclass
class RunningServer:
    """A server process. Its users have a drive each, of their own name."""

    process: "subprocess.Popen[bytes]"
    address: tuple[str, int]
    data_dir: Path
    users: Mapping[str, str]
    log_file: Path

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a trailing slash."""
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def client(self, user: str = "bob", base: str | None = None) -> Client:
        """Requests of a user, below the root of the user's drive unless `base` says otherwise."""
        return Client(self.address, user, self.users.get(user, ""), f"/{user}" if base is None else base)

    def command(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command of davdrive on the same data directory."""
        return davdrive(*arguments, data_dir=self.data_dir, check=check)

    def log(self) -> str:
        """All that the server printed so far."""
        return self.log_file.read_text(errors="replace")

    def peak_rss_bytes(self) -> int:
        """The most memory that the serving processes ever held, in bytes."""
        return sum(_status_kib(pid, "VmHWM") for pid in self.pids()) * 1024

    def rss_bytes(self) -> int:
        """The memory that the serving processes hold now, in bytes."""
        return sum(_status_kib(pid, "VmRSS") for pid in self.pids()) * 1024

    def forget_peak(self) -> None:
        """Measure the peak anew from now on."""
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def pids(self) -> list[int]:
        """The server and its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def kill(self) -> None:
        """SIGKILL to every process at once: a power cut, as far as the programs are concerned."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode


def _status_kib(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running_server(
    data_dir: Path,
    users: Mapping[str, str] = USERS,
    *,
    workers: int = 1,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    program: str = "davdrive",
) -> Iterator[RunningServer]:
    """Serve `data_dir`, where every user is added that is not there yet.

    `program`: the module that is run. `options`: more flags of `davdrive serve`. `settings`: environment variables such
    as `DAVDRIVE_LIMITS__RANGES`.
    The process is stopped at the end, and must not have printed a traceback.
    """
    add_users(data_dir, users)
    server = start_server(data_dir, users, workers=workers, options=options, settings=settings, program=program)
    try:
        yield server
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()
    assert "Traceback" not in server.log(), server.log()[-4000:]


def start_server(
    data_dir: Path,
    users: Mapping[str, str] = USERS,
    *,
    workers: int = 1,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    program: str = "davdrive",
) -> RunningServer:
    """Start `davdrive serve` on a free port and wait until it answers."""
    port = free_port()
    log_file = data_dir.with_name(f"{data_dir.name}.{port}.log")
    arguments = ["serve", "--data-dir", str(data_dir), "--listen", f"{HOST}:{port}", "--workers", str(workers)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments, *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(**(settings or {})),
        )  # fmt: skip
    server = RunningServer(process, (HOST, port), data_dir, users, log_file)
    wait_until_ready(process, server.address, log_file)
    return server


def wait_until_ready(process: "subprocess.Popen[bytes]", address: tuple[str, int], log_file: Path) -> None:
    """Wait until a server answers. It is killed where it does not."""
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            Client(address).do("OPTIONS", "/")
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                process.wait()
                printed = log_file.read_text(errors="replace")[-3000:]
                raise AssertionError(f"the server did not start ({error}):\n{printed}") from error
            time.sleep(0.05)
