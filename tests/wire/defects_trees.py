"""COPY, MOVE and names where stock WsgiDAV loses files or breaks off."""

from tests.support.dav import names_in
from tests.support.peers import Peer
from tests.wire.defect import defect


@defect
def a_member_does_not_replace_the_collection_that_holds_it(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    assert 400 <= peer.bob.transfer("MOVE", "d/f", "d").status < 500
    assert peer.bob.get("d/f").body == b"x"


@defect
def a_question_mark_or_semicolon_in_destination_is_part_of_the_name(peer: Peer) -> None:
    for name in ("why%3F", "a;b", "a%3Bc"):
        peer.bob.put("f", b"x")
        assert peer.bob.transfer("MOVE", "f", name).status == 201
        assert peer.bob.get(name.replace(";", "%3B")).body == b"x"
    assert len(names_in(peer.bob)) == 3


@defect
def an_empty_destination_is_a_bad_request(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    assert peer.bob.do("MOVE", "f", headers={"Destination": ""}).status == 400
    assert peer.bob.get("f").body == b"x"


@defect
def a_copy_of_depth_0_has_no_members(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    assert peer.bob.transfer("COPY", "d", "e", Depth="0").status == 201
    assert names_in(peer.bob, "e/") == set()


@defect
def a_name_with_nul_is_a_bad_request(peer: Peer) -> None:
    assert peer.bob.put("a%00b", b"x").status == 400


@defect
def a_name_of_300_bytes_is_a_bad_request(peer: Peer) -> None:
    assert peer.bob.put("n" * 300, b"x").status == 400


@defect
def a_name_that_is_not_utf8_is_a_bad_request(peer: Peer) -> None:
    assert peer.bob.put("%FF%FE", b"x").status == 400


@defect
def a_control_character_never_gets_into_a_listing(peer: Peer) -> None:
    assert peer.bob.put("a%01b", b"x").status == 400
    assert names_in(peer.bob) == set()


@defect
def a_collection_with_capitals_is_found_by_its_name(peer: Peer) -> None:
    """On stock WsgiDAV this is a share called `/Share`."""
    user = peer.bob.user
    base = "" if peer.base.count("/") == 1 else f"/{user}"
    client = peer.bob.at(base)
    if base:
        client.mkcol("Share")
    assert client.put("Share/f", b"x").status in (201, 204)
    assert client.get("Share/f").body == b"x"
