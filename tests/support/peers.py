"""Servers that whole runs share, and a fresh collection on one of them for every test."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.http import Client
from tests.support.serving import USERS, RunningServer, davdrive, running_server
from tests.support.stock import stock_wsgidav

EVERYBODY = {**USERS, "carol": "carol's secret", "victor": "victor's secret"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Peer:
    """A server, and an empty collection on it in which bob and alice may do everything.

    On davdrive, victor may only look, and carol may not even do that.
    """

    server: RunningServer
    base: str

    def client(self, user: str) -> Client:
        return self.server.client(user, self.base)

    @property
    def bob(self) -> Client:
        return self.client("bob")

    @property
    def alice(self) -> Client:
        return self.client("alice")


def fresh(server: RunningServer, parent: str) -> Peer:
    """A new collection."""
    peer = Peer(server, f"{parent}/t{next(_numbers)}")
    made = peer.bob.do("MKCOL", peer.base)
    assert made.status == 201, made
    return peer


def share_drive(data_dir: Path) -> None:
    """Let alice write to bob's drive and victor read it."""
    davdrive("drive", "grant", "bob", "alice", "editor", data_dir=data_dir)
    davdrive("drive", "grant", "bob", "victor", "viewer", data_dir=data_dir)


@pytest.fixture(scope="session")
def drive_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One `davdrive serve` with one worker for the whole run."""
    folder = tmp_path_factory.mktemp("served") / "data"
    with running_server(folder, EVERYBODY) as server:
        share_drive(folder)
        yield server


@pytest.fixture(scope="session")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One stock WsgiDAV with its own FilesystemProvider for the whole run."""
    folder = tmp_path_factory.mktemp("stock") / "files"
    (folder / "Share").mkdir(parents=True)
    with stock_wsgidav(folder) as server:
        yield server


@pytest.fixture
def peer(drive_server: RunningServer) -> Peer:
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
