"""PUT and what stock WsgiDAV leaves of a file when something goes wrong."""

import socket
from http.client import HTTPException

from tests.support.http import Client, head
from tests.support.peers import Peer
from tests.wire.defect import defect

OLD = b"what was there before"


def cut(client: Client, path: str, headers: dict[str, str], sent: bytes) -> None:
    """Send a PUT that ends too early, and hear the server out."""
    with client.connection() as connection:
        connection.send(head("PUT", client.path(path), client.headers(headers)) + sent)
        connection.sock.shutdown(socket.SHUT_WR)
        try:
            answer = connection.read("PUT")
        except (HTTPException, ConnectionError):
            return
        assert answer.status >= 400, answer


@defect
def a_put_cut_short_of_its_content_length_keeps_the_old_file(peer: Peer) -> None:
    peer.bob.put("f", OLD)
    cut(peer.bob, "f", {"Content-Length": "1000"}, b"only this came")
    assert peer.bob.get("f").body == OLD


@defect
def a_cut_chunked_put_leaves_no_file(peer: Peer) -> None:
    cut(peer.bob, "new", {"Transfer-Encoding": "chunked"}, b"5\r\nfirst\r\n9\r\nse")
    assert peer.bob.get("new").status == 404


@defect
def readers_see_the_old_content_while_a_new_one_arrives(peer: Peer) -> None:
    peer.bob.put("f", OLD)
    headers = peer.bob.headers({"Content-Length": "500000", "Expect": "100-continue"})
    with peer.bob.connection() as writer:
        writer.send(head("PUT", peer.bob.path("f"), headers))
        assert writer.sock.recv(64).startswith(b"HTTP/1.1 100")
        writer.send(b"n" * 300_000)
        for _ in range(20):
            assert peer.bob.get("f").body == OLD
        writer.send(b"n" * 200_000)
        assert writer.read("PUT").status == 204
    assert peer.bob.get("f").body == b"n" * 500_000


@defect
def the_etag_that_put_answers_is_the_one_of_the_file(peer: Peer) -> None:
    put = peer.bob.put("f", b"content", X_OC_Mtime="1700000000")
    assert put.etag
    assert put.etag == peer.bob.do("HEAD", "f").etag


@defect
def the_etag_changes_with_a_write_of_the_same_size_in_the_same_second(peer: Peer) -> None:
    first, second = (peer.bob.put("f", body, X_OC_Mtime="1700000000") for body in (b"one", b"two"))
    assert first.etag != second.etag
    assert first.etag != peer.bob.do("HEAD", "f").etag


@defect
def if_match_on_a_file_that_is_not_there_fails(peer: Peer) -> None:
    assert peer.bob.put("gone", b"x", If_Match='"abc"').status == 412
    assert peer.bob.put("gone", b"x", If_Match="*").status == 412
    assert peer.bob.get("gone").status == 404


@defect
def a_weak_etag_never_matches_if_match(peer: Peer) -> None:
    etag = peer.bob.put("f", OLD).etag
    assert peer.bob.put("f", b"new", If_Match=f"W/{etag}").status == 412
    assert peer.bob.get("f").body == OLD


@defect
def memory_does_not_grow_with_a_body_that_is_refused(peer: Peer) -> None:
    stranger = Client(peer.server.address, base=peer.base)
    before = peer.server.peak_rss_bytes()
    refused = stranger.put("f", b"\0" * (48 << 20))
    assert refused.status == 401
    assert peer.server.peak_rss_bytes() - before < 16 << 20
    assert refused.closes
