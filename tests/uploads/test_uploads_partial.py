"""Partial updates on the wire: SabreDAV's PATCH, rclone's wish for a checksum, PUT with Content-Range."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.support.dav import OC, listing, prop
from tests.support.http import Answer, Client
from tests.support.peers import Peer
from tests.support.serving import RunningServer, running_server

_TYPE = "application/x-sabredav-partialupdate"


def patch(bob: Client, where: str | None, body: bytes, **headers: str) -> Answer:
    about = {"Content-Type": _TYPE, "X-Update-Range": where, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return bob.do("PATCH", "file.txt", body, about)


def test_options_advertise_partial_updates(peer: Peer) -> None:
    answer = peer.bob.do("OPTIONS", "")
    assert "sabredav-partialupdate" in answer.get("DAV")
    assert "PATCH" in answer.get("Allow")


def test_every_form_of_the_range_and_the_new_etag(peer: Peer) -> None:
    bob = peer.bob
    first = bob.put("file.txt", b"0123456789")
    second = patch(bob, "bytes=2-4", b"abc")
    assert second.status == 204
    assert second.etag not in ("", first.etag)
    assert bob.get("file.txt").body == b"01abc56789"
    assert patch(bob, "bytes=8-", b"XYZ").status == 204
    assert patch(bob, "bytes=-1", b"!").status == 204
    last = patch(bob, "append", b"end", X_OC_Mtime="1234567890")
    got = bob.get("file.txt")
    assert (got.body, got.etag, got.get("Content-Type")) == (b"01abc567XY!end", last.etag, "text/plain")
    assert (last.get("X-OC-MTime"), got.get("Last-Modified")) == ("accepted", "Fri, 13 Feb 2009 23:31:30 GMT")


def test_what_a_patch_cannot_do(peer: Peer) -> None:
    bob = peer.bob
    assert patch(bob, "append", b"x").status == 404
    old = bob.put("file.txt", b"0123456789")
    assert patch(bob, None, b"x").status == 400
    assert patch(bob, "bytes=a-b", b"x").status == 400
    assert patch(bob, "bytes=2-3", b"x").status == 400
    assert patch(bob, "append", b"x", Content_Type="text/plain").status == 415
    past = patch(bob, "bytes=11-", b"x")
    assert (past.status, past.get("Content-Range")) == (416, "bytes */10")
    assert patch(bob, "append", b"x", If_Match='"other"').status == 412
    digest = "sha-256=:" + "A" * 43 + "=:"
    assert patch(bob, "append", b"x", Content_Digest=digest).status == 412
    assert bob.do("PATCH", "", b"x", {"Content-Type": _TYPE, "X-Update-Range": "append"}).status == 405
    assert (
        peer.client("victor").do("PATCH", "file.txt", b"x", {"Content-Type": _TYPE, "X-Update-Range": "append"}).status
        == 403
    )
    assert bob.get("file.txt").etag == old.etag


def test_a_cut_patch_changes_nothing(peer: Peer) -> None:
    bob = peer.bob
    old = bob.put("file.txt", b"0123456789" * 50_000)
    about = {"Content-Type": _TYPE, "X-Update-Range": "append", "Content-Length": 300_000}
    with bob.connection() as connection:
        connection.send(next(iter(bob.message("PATCH", "file.txt", b"", about))) + b"x" * 150_000)
    assert bob.get("file.txt").etag == old.etag


def test_rclone_can_ask_for_a_checksum_that_nobody_computed(peer: Peer) -> None:
    bob = peer.bob
    bob.put("file.txt", b"some bytes")
    answer = bob.do("PATCH", "file.txt", headers={"X-Recalculate-Hash": "sha1"})
    sha1 = f"SHA1:{hashlib.sha1(b'some bytes').hexdigest()}"
    assert (answer.status, answer.get("OC-Checksum")) == (204, sha1)
    assert sha1 in listing(bob, "file.txt", prop(OC + "checksums"), "0").text(OC + "checksums")
    assert bob.do("PATCH", "file.txt", headers={"X-Recalculate-Hash": "rot13"}).status == 400


def test_put_with_content_range_is_400_unless_a_setting_says_otherwise(peer: Peer) -> None:
    peer.bob.put("file.txt", b"0123456789")
    assert peer.bob.put("file.txt", b"abc", Content_Range="bytes 2-4/10").status == 400
    assert peer.bob.get("file.txt").body == b"0123456789"


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes partial PUTs."""
    folder = tmp_path_factory.mktemp("lenient") / "data"
    with running_server(folder, settings={"DAVDRIVE_LIMITS__PUT_CONTENT_RANGE": "true"}) as server:
        yield server


def test_put_with_content_range_writes_a_part_and_begins_a_file(lenient: RunningServer) -> None:
    bob = lenient.client()
    assert bob.put("file.txt", b"01234", Content_Range="bytes 0-4/10").status == 201
    assert bob.put("file.txt", b"56789", Content_Range="bytes 5-9/10").status == 204
    assert bob.put("short.txt", [b"012"], Content_Range="bytes 0-4/10").status == 400
    assert bob.get("short.txt").status == 404
    assert bob.put("file.txt", b"abc", Content_Range="bytes 2-4/*").status == 204
    assert bob.get("file.txt").body == b"01abc56789"
    assert bob.put("file.txt", b"ab", Content_Range="bytes 2-4/*").status == 400
    assert bob.put("file.txt", b"x", Content_Range="bytes 11-11/*").status == 416
    assert bob.put("none.txt", b"x", Content_Range="bytes 1-1/*").status == 404
    assert bob.put("file.txt", b"x", Content_Range="bytes one").status == 400
    assert bob.get("file.txt").body == b"01abc56789"
