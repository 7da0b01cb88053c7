"""If, If-Match and their like, where stock WsgiDAV does not judge them."""

from tests.support.dav import locked
from tests.support.peers import Peer
from tests.wire.defect import defect


@defect
def an_if_header_on_a_path_that_is_not_there_fails(peer: Peer) -> None:
    assert peer.bob.put("gone", b"x", If="(<urn:uuid:00000000-0000-0000-0000-000000000000>)").status == 412
    assert peer.bob.get("gone").status == 404


@defect
def an_absolute_url_in_a_tagged_list_is_the_resource(peer: Peer) -> None:
    etag = peer.bob.put("f", b"old").etag
    assert peer.bob.put("f", b"new", If=f"<{peer.bob.url('f')}> ([{etag}])").status == 204
    assert peer.bob.put("f", b"lost", If=f"<{peer.bob.url('f')}> ([{etag}])").status == 412
    assert peer.bob.get("f").body == b"new"
    token = locked(peer.bob, "f")
    assert peer.bob.put("f", b"newer", If=f"<{peer.bob.url('f')}> (<{token}>)").status == 204


@defect
def a_list_tagged_for_another_resource_says_nothing_about_this_one(peer: Peer) -> None:
    etag = peer.bob.put("f", b"old").etag
    peer.bob.put("other", b"other")
    assert peer.bob.put("f", b"new", If=f"<{peer.bob.url('other')}> ([{etag}])").status == 412
    assert peer.bob.get("f").body == b"old"


@defect
def a_malformed_if_header_is_refused(peer: Peer) -> None:
    peer.bob.put("f", b"old")
    assert peer.bob.put("f", b"new", If="(((not a list").status == 400
    assert peer.bob.get("f").body == b"old"


@defect
def not_modified_since_its_own_time_is_304(peer: Peer) -> None:
    peer.bob.put("f", b"old")
    changed = peer.bob.get("f").get("Last-Modified")
    assert peer.bob.get("f", If_Modified_Since=changed).status == 304


@defect
def a_304_carries_the_etag(peer: Peer) -> None:
    etag = peer.bob.put("f", b"old").etag
    answer = peer.bob.get("f", If_None_Match=etag)
    assert (answer.status, answer.etag, answer.body) == (304, etag, b"")
