"""Range where stock WsgiDAV answers something else than was asked."""

from tests.support.peers import Peer
from tests.wire.defect import defect

CONTENT = bytes(range(100))


@defect
def several_ranges_are_a_multipart_answer(peer: Peer) -> None:
    peer.bob.put("f", CONTENT)
    answer = peer.bob.get("f", Range="bytes=0-4,10-14")
    assert answer.status == 206
    assert answer.get("Content-Type").startswith("multipart/byteranges")
    assert CONTENT[:5] in answer.body
    assert CONTENT[10:15] in answer.body


@defect
def an_unknown_range_unit_gives_the_whole_file(peer: Peer) -> None:
    peer.bob.put("f", CONTENT)
    answer = peer.bob.get("f", Range="lines=0-4")
    assert (answer.status, answer.body) == (200, CONTENT)


@defect
def a_range_that_holds_no_byte_is_416(peer: Peer) -> None:
    peer.bob.put("f", CONTENT)
    for value in ("bytes=100-200", "bytes=100-", "bytes=-0"):
        answer = peer.bob.get("f", Range=value)
        assert (answer.status, answer.get("Content-Range")) == (416, "bytes */100")


@defect
def a_range_that_ends_before_it_begins_gives_the_whole_file(peer: Peer) -> None:
    peer.bob.put("f", CONTENT)
    for value in ("bytes=50-20", "bytes=a-b", "bytes="):
        answer = peer.bob.get("f", Range=value)
        assert (answer.status, answer.body) == (200, CONTENT)
