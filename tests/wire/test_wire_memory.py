"""A long listing is streamed: its memory does not grow with the number of members."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dav import prop
from tests.support.http import Client
from tests.support.peers import Peer
from tests.support.people import add_users
from tests.support.seeding import seed_files
from tests.support.serving import RunningServer, running_server

MEMBERS = 10_000
MOST_GROWTH_BYTES = 40 << 20
NAMED = prop("{DAV:}resourcetype", "{DAV:}getcontentlength", "{DAV:}getlastmodified", "{DAV:}getetag")


@pytest.fixture(scope="module")
def full_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with ten thousand files in one collection, on which every depth is permitted."""
    data_dir: Path = tmp_path_factory.mktemp("listing") / "data"
    data_dir.mkdir()
    add_users(data_dir, {"bob": "b"})
    seed_files(data_dir, "bob", "many", (f"a file with an ordinary name {number}.txt" for number in range(MEMBERS)))
    settings = {"DAVDRIVE_LIMITS__PROPFIND_INFINITY": "true"}
    with running_server(data_dir, {"bob": "b"}, settings=settings) as server:
        yield server


def growth(server: RunningServer, client: Client, path: str, depth: str, body: bytes) -> tuple[int, int]:
    """By how many bytes a listing made the server's peak larger, and how many responses it had."""
    client.do("PROPFIND", path, body, {"Depth": "0"})
    server.forget_peak()
    before = server.rss_bytes()
    answer = client.do("PROPFIND", path, body, {"Depth": depth})
    assert answer.status == 207
    return server.peak_rss_bytes() - before, answer.body.count(b"response>") // 2


@pytest.mark.parametrize(("path", "depth"), [("many/", "1"), ("", "infinity")])
@pytest.mark.parametrize("body", [NAMED, b""], ids=["named", "allprop"])
def test_ten_thousand_members_are_listed_in_little_memory(
    body: bytes, path: str, depth: str, full_server: RunningServer
) -> None:
    grown, responses = growth(full_server, full_server.client(), path, depth, body)
    assert responses == MEMBERS + (1 if depth == "1" else 2)
    assert grown < MOST_GROWTH_BYTES


def test_a_page_of_ten_thousand_members_is_made_in_little_memory(full_server: RunningServer) -> None:
    client = full_server.client()
    full_server.forget_peak()
    before = full_server.rss_bytes()
    assert client.get("many/", Accept="text/html").body.count(b"an%20ordinary%20name") == MEMBERS
    assert full_server.peak_rss_bytes() - before < MOST_GROWTH_BYTES


def test_stock_wsgidav_holds_the_whole_listing(stock_peer: Peer, stock_server: RunningServer) -> None:
    """With a quarter of the members it takes what all of them may take here."""
    folder = stock_server.data_dir / stock_peer.base.strip("/")
    for number in range(MEMBERS // 4):
        (folder / f"a file with an ordinary name {number}.txt").touch()
    grown, responses = growth(stock_server, stock_peer.bob, "", "1", b"")
    assert responses == MEMBERS // 4 + 1
    assert grown > MOST_GROWTH_BYTES / 4
