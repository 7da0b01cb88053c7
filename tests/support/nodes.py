"""Several `davdrive serve` on one PostgreSQL and one S3 store: nodes that have nothing but their environment."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.commands import environment
from tests.support.http import Client
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import HOST, USERS, free_port, wait_until_ready

COMMAND_TIMEOUT_S = 120
DRAINED_S = 45.0
"""More than a node may take to end its requests (`server.drain_s`, and a few seconds until it leaves them)."""


@dataclass
class Node:
    """One node. It keeps its port over restarts."""

    settings: Mapping[str, str]
    log_file: Path
    users: Mapping[str, str]
    workers: int = 1
    program: str = "davdrive"
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.begin()
        assert self.process is not None
        wait_until_ready(self.process, self.address, self.log_file)

    def begin(self) -> None:
        """Start without waiting."""
        arguments = ["serve", "--listen", f"{HOST}:{self.port}", "--workers", str(self.workers)]
        settings = {**self.settings, "PYTHONFAULTHANDLER": "1"}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(**settings),
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL to the node and its workers."""
        self._signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def _signal(self, number: int) -> None:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for pid in [self.pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> int:
        """SIGTERM, and the exit status. A node that does not end says in its log what its threads were doing."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DRAINED_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGABRT)
                time.sleep(1)
                self.kill()
                raise
        return self.process.returncode

    def client(self, user: str = "bob", base: str | None = None) -> Client:
        """Requests of a user to this node, below the root of the user's drive."""
        return Client(self.address, user, self.users[user], f"/{user}" if base is None else base)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def peak_rss_bytes(self) -> int:
        """The most memory that one of its processes ever held."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return max(_peak(pid) for pid in [self.pid, *map(int, children)])


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


@dataclass
class Cluster:
    """Nodes that are one drive. `settings` are the environment that makes them so."""

    nodes: list[Node]
    settings: Mapping[str, str]

    def command(self, *arguments: str, stdin: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command of davdrive against the same stores, without a data directory."""
        done = subprocess.run(
            [sys.executable, "-m", "davdrive", *arguments],
            input=stdin, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, env=environment(**self.settings),
            check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"davdrive {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done


def store_settings(
    metadata_url: str, seaweed: Seaweed, endpoint_url: str = "", objects_url: str = ""
) -> dict[str, str]:
    """The environment of a node; `endpoint_url`: a proxy in front of the store."""
    return {
        "DAVDRIVE_METADATA__URL": metadata_url,
        "DAVDRIVE_OBJECTS__URL": objects_url or seaweed.url(),
        "DAVDRIVE_OBJECTS__ENDPOINT_URL": endpoint_url or seaweed.endpoint_url,
        **seaweed.environment(),
    }


@contextlib.contextmanager
def running_cluster(
    settings: Mapping[str, str],
    folder: Path,
    count: int,
    *,
    users: Mapping[str, str] = USERS,
    workers: int = 1,
    own: Sequence[Mapping[str, str]] = (),
    program: str = "davdrive",
) -> Iterator[Cluster]:
    """Start `count` nodes with these settings, `own[n]` being those of node n alone; the users are added first.

    Every node has a home that does not exist. None may print a traceback.
    """
    nodes = []
    for number in range(count):
        home = {"HOME": str(folder / "no-home"), "DAVDRIVE_RUN_DIR": str(folder / f"run{number}")}
        mine = {**settings, **home, **(own[number] if number < len(own) else {})}
        nodes.append(Node(mine, folder / f"node{number}.log", users, workers, program))
    cluster = Cluster(nodes, settings)
    try:
        with ThreadPoolExecutor(len(users) or 1) as pool:
            list(pool.map(lambda user: _add_user(cluster, *user), users.items()))
        for node in nodes:
            node.begin()
        for node in nodes:
            assert node.process is not None
            wait_until_ready(node.process, node.address, node.log_file)
        yield cluster
        for node in nodes:
            node.stop()
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
    assert not (folder / "no-home").exists()
    for node in nodes:
        assert "Traceback" not in node.log(), node.log()[-4000:]


def _add_user(cluster: Cluster, name: str, password: str) -> None:
    cluster.command("user", "add", name, "--password-stdin", stdin=password + "\n")


@contextlib.contextmanager
def fresh_cluster(
    postgres: Postgres, seaweed: Seaweed, folder: Path, count: int, *, users: Mapping[str, str] = USERS
) -> Iterator[Cluster]:
    """`running_cluster` over a new database and an empty part of the bucket."""
    url = postgres.fresh()
    try:
        with running_cluster(store_settings(url, seaweed), folder, count, users=users) as cluster:
            yield cluster
    finally:
        postgres.drop(url)
