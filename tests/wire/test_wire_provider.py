"""The provider in a stock WsgiDAV server keeps davdrive's promises: only what the server itself does stays as it is."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.http import head
from tests.support.peers import Peer, fresh
from tests.support.serving import RunningServer
from tests.support.stock import stock_wsgidav
from tests.wire.every_defect import DEFECTS, Probe

# What happens before a provider is asked: framing, passwords, reading on after a refusal, decoding, names of shares.
OF_THE_SERVER = {
    "a_request_without_host_is_bad",
    "a_head_without_end_is_cut_off",
    "the_absolute_form_of_a_target_is_understood",
    "nonsense_for_a_password_is_401",
    "a_refused_body_is_never_taken_for_the_next_request",
    "the_permission_to_send_waits_for_the_password",
    "memory_does_not_grow_with_a_body_that_is_refused",
    "a_name_that_is_not_utf8_is_a_bad_request",
    "a_collection_with_capitals_is_found_by_its_name",
}
KEPT = [probe for probe in DEFECTS if probe.__name__ not in OF_THE_SERVER]


@pytest.fixture(scope="module")
def stock_with_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with stock_wsgidav(tmp_path_factory.mktemp("provider") / "data", drive_at="/share") as server:
        yield server


@pytest.fixture
def provider_peer(stock_with_provider: RunningServer) -> Peer:
    return fresh(stock_with_provider, "/share")


@pytest.mark.parametrize("probe", KEPT, ids=lambda probe: probe.__name__)
def test_the_provider_does_it_right_on_a_stock_server(probe: Probe, provider_peer: Peer) -> None:
    probe(provider_peer)


def test_only_what_the_server_does_is_left_out() -> None:
    assert {probe.__name__ for probe in DEFECTS} > OF_THE_SERVER


def test_a_chunked_body_that_the_stock_server_cannot_read_is_400(provider_peer: Peer) -> None:
    bob = provider_peer.bob
    for chunks in (b"5\r\nfirst\r\n9\r\nse", b"zz\r\n"):
        with bob.connection() as connection:
            connection.send(head("PUT", bob.path("f"), bob.headers({"Transfer-Encoding": "chunked"})) + chunks)
            connection.sock.shutdown(socket.SHUT_WR)
            assert connection.read("PUT").status == 400
    assert bob.get("f").status == 404
