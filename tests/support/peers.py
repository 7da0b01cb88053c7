"""Servers that whole runs share, and a fresh collection on one of them for every test."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from tests.support.alternating import alternating
from tests.support.connections_in_turn import connections_in_turn
from tests.support.http import Client
from tests.support.nodes import Cluster, fresh_cluster
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import USERS, RunningServer, running_server
from tests.support.stock import stock_wsgidav

EVERYBODY = {**USERS, "carol": "carol's secret", "victor": "victor's secret"}
_numbers = itertools.count(1)


class Server(Protocol):
    """What a test may ask of whatever serves it: one process, or several nodes as if they were one."""

    @property
    def address(self) -> tuple[str, int]: ...
    @property
    def url(self) -> str: ...
    def client(self, user: str = "bob", base: str | None = None) -> Client: ...
    def command(self, *arguments: str, check: bool = True) -> Any: ...
    def peak_rss_bytes(self) -> int: ...


@dataclass(frozen=True)
class NodesInTurn:
    """Nodes on PostgreSQL and S3 behind one address, which takes them in turn."""

    cluster: Cluster
    address: tuple[str, int]

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def client(self, user: str = "bob", base: str | None = None) -> Client:
        return Client(self.address, user, EVERYBODY.get(user, ""), f"/{user}" if base is None else base)

    def command(self, *arguments: str, check: bool = True) -> Any:
        return self.cluster.command(*arguments, check=check)

    def peak_rss_bytes(self) -> int:
        return sum(node.peak_rss_bytes() for node in self.cluster.nodes)


InTurn = Callable[[Sequence[tuple[str, int]]], AbstractContextManager[tuple[str, int]]]


@dataclass(frozen=True)
class Peer:
    """A server, and an empty collection on it in which bob and alice may do everything.

    On davdrive, victor may only look, and carol may not even do that.
    """

    server: Server
    base: str

    def client(self, user: str) -> Client:
        return self.server.client(user, self.base)

    @property
    def bob(self) -> Client:
        return self.client("bob")

    @property
    def alice(self) -> Client:
        return self.client("alice")


def fresh(server: Server, parent: str) -> Peer:
    """A new collection."""
    peer = Peer(server, f"{parent}/t{next(_numbers)}")
    made = peer.bob.do("MKCOL", peer.base)
    assert made.status == 201, made
    return peer


def share_drive(server: Server) -> None:
    """Let alice write to bob's drive and victor read it."""
    server.command("drive", "grant", "bob", "alice", "editor")
    server.command("drive", "grant", "bob", "victor", "viewer")


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One `davdrive serve` with one worker for the whole run, on SQLite and local files."""
    with running_server(tmp_path_factory.mktemp("served") / "data", EVERYBODY) as server:
        share_drive(server)
        yield server


@pytest.fixture(scope="session")
def drive_server(local_server: Server) -> Server:
    """What a test is served by; rooms that have to be right on other stores too ask for more (their conftest)."""
    return local_server


@pytest.fixture(scope="session")
def many_nodes(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes on PostgreSQL and S3 for the whole run."""
    folder = tmp_path_factory.mktemp("many")
    with fresh_cluster(postgres, seaweed, folder, 2, users=EVERYBODY) as cluster:
        yield cluster


@contextmanager
def in_turn(cluster: Cluster, taking_turns: InTurn) -> Iterator[NodesInTurn]:
    """The nodes behind a proxy of that kind, with bob's drive shared."""
    with taking_turns([node.address for node in cluster.nodes]) as address:
        server = NodesInTurn(cluster, address)
        share_drive(server)
        yield server


@pytest.fixture(scope="session")
def connections_server(many_nodes: Cluster) -> Iterator[Server]:
    """The nodes, each connection to the next one, byte for byte: most test requests have a connection of their own."""
    with in_turn(many_nodes, connections_in_turn) as server:
        yield server


@pytest.fixture(scope="session")
def requests_server(many_nodes: Cluster) -> Iterator[Server]:
    """The nodes, each request to the next one, for programs that keep their connections."""
    with in_turn(many_nodes, alternating) as server:
        yield server


BOTH_STORES = ("sqlite-local", "postgresql-s3")


@pytest.fixture(scope="session", params=BOTH_STORES)
def either_server(request: pytest.FixtureRequest) -> Server:
    """SQLite and local files; and PostgreSQL and S3 through two nodes, each connection to the next one."""
    found: Server = request.getfixturevalue("local_server" if request.param == BOTH_STORES[0] else "connections_server")
    return found


@pytest.fixture(scope="session", params=BOTH_STORES)
def either_server_by_requests(request: pytest.FixtureRequest) -> Server:
    """The same, with each request to the next node."""
    found: Server = request.getfixturevalue("local_server" if request.param == BOTH_STORES[0] else "requests_server")
    return found


@pytest.fixture(scope="session")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One stock WsgiDAV with its own FilesystemProvider for the whole run."""
    folder = tmp_path_factory.mktemp("stock") / "files"
    (folder / "Share").mkdir(parents=True)
    with stock_wsgidav(folder) as server:
        yield server


@pytest.fixture
def peer(drive_server: Server) -> Peer:
    """An empty collection on davdrive."""
    return fresh(drive_server, "/bob")


@pytest.fixture
def stock_peer(stock_server: RunningServer) -> Peer:
    """An empty collection on stock WsgiDAV."""
    return fresh(stock_server, "")


@pytest.fixture
def bob(peer: Peer) -> Client:
    """The owner of the drive, in an empty collection."""
    return peer.bob


@pytest.fixture
def alice(peer: Peer) -> Client:
    """An editor of bob's drive, in the same collection."""
    return peer.alice
