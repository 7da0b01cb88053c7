"""What a lock forbids (RFC 4918 §7): each write, for everybody but its holder, and for the holder without the token."""

from collections.abc import Callable

import pytest

from tests.support.dav import (
    D,
    Multistatus,
    active_locks,
    element_in,
    listing,
    locked,
    take_lock,
    update,
)
from tests.support.http import Answer, Client

Change = Callable[[Client, dict[str, str]], Answer]
WRITES: dict[str, Change] = {
    "PUT": lambda client, token: client.put("d/f", b"new", **token),
    "PROPPATCH": lambda client, token: client.do("PROPPATCH", "d/f", update(("{urn:x}a", "1")), token),
    "MOVE away": lambda client, token: client.transfer("MOVE", "d/f", "moved", **token),
    "MOVE onto": lambda client, token: client.transfer("MOVE", "other", "d/f", **token),
    "COPY onto": lambda client, token: client.transfer("COPY", "other", "d/f", **token),
    "DELETE": lambda client, token: client.delete("d/f", **token),
}


@pytest.mark.parametrize("what", WRITES)
def test_a_locked_file_changes_only_for_its_holder_and_only_with_the_token(
    what: str, bob: Client, alice: Client
) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"old")
    bob.put("other", b"other")
    token = locked(bob, "d/f")
    for client, headers in (bob, {}), (alice, {}), (alice, {"If": f"<{bob.url('d/f')}> (<{token}>)"}):
        answer: Answer = WRITES[what](client, headers)
        assert answer.status == 423
        assert element_in(answer, "lock-token-submitted")
        assert answer.xml.findtext(f".//{D}lock-token-submitted/{D}href") == bob.path("d/f")
    assert bob.get("d/f").body == b"old"
    assert WRITES[what](bob, {"If": f"<{bob.url('d/f')}> (<{token}>)"}).status in (201, 204, 207)


def test_reading_needs_no_token(bob: Client, alice: Client) -> None:
    bob.put("f", b"x")
    locked(bob, "f")
    assert alice.get("f").body == b"x"
    assert listing(alice, "f", depth="0").hrefs
    assert alice.transfer("COPY", "f", "copied").status == 201
    assert active_locks(alice, "copied") == []


ADDITIONS: dict[str, Change] = {
    "PUT": lambda client, headers: client.put("d/new", b"x", **headers),
    "MKCOL": lambda client, headers: client.mkcol("d/new", **headers),
    "LOCK": lambda client, headers: take_lock(client, "d/new", **headers),
    "COPY in": lambda client, headers: client.transfer("COPY", "f", "d/new", **headers),
    "MOVE in": lambda client, headers: client.transfer("MOVE", "f", "d/new", **headers),
    "MOVE out": lambda client, headers: client.transfer("MOVE", "d/old", "new", **headers),
    "DELETE": lambda client, headers: client.delete("d/old", **headers),
}


@pytest.mark.parametrize("depth", ["0", "infinity"])
@pytest.mark.parametrize("what", ADDITIONS)
def test_a_locked_collection_gains_and_loses_members_only_for_its_holder(
    what: str, depth: str, bob: Client, alice: Client
) -> None:
    bob.mkcol("d")
    bob.put("d/old", b"x")
    bob.put("f", b"x")
    token = locked(bob, "d", depth=depth)
    before = listing(bob, "d/").hrefs
    assert ADDITIONS[what](alice, {}).status == 423
    assert ADDITIONS[what](bob, {}).status == 423
    assert listing(bob, "d/").hrefs == before
    assert bob.get("f").status == 200
    answer = ADDITIONS[what](bob, {"If": f"<{bob.url('d')}> (<{token}>)"})
    if what == "LOCK" and depth == "infinity":
        assert answer.status == 423, "one's own exclusive lock is there already"
    else:
        assert answer.status in (201, 204), answer


def test_a_lock_of_depth_0_leaves_the_members_contents_free(bob: Client, alice: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    locked(bob, "d", depth="0")
    assert alice.put("d/f", b"y").status == 204
    assert alice.do("PROPPATCH", "d/f", update(("{urn:x}a", "1"))).status == 207
    assert alice.do("PROPPATCH", "d/", update(("{urn:x}a", "1"))).status == 423


def test_what_comes_into_a_locked_tree_is_locked_and_what_leaves_it_is_free(bob: Client, alice: Client) -> None:
    bob.mkcol("d")
    token = locked(bob, "d", depth="infinity")
    tagged = f"<{bob.url('d')}> (<{token}>)"
    bob.put("d/new", b"x", If=tagged)
    assert alice.put("d/new", b"y").status == 423
    assert bob.transfer("MOVE", "d/new", "out", If=tagged).status == 201
    assert active_locks(bob, "out") == []
    assert alice.put("out", b"y").status == 204


def test_a_tree_with_a_locked_member_stays_whole_and_the_answer_names_the_member(bob: Client, alice: Client) -> None:
    for name in ("d", "d/e"):
        bob.mkcol(name)
    for name in ("d/1", "d/e/2", "d/e/3"):
        bob.put(name, b"x")
    locked(alice, "d/e/3")
    for answer in bob.delete("d"), bob.transfer("MOVE", "d", "moved"):
        assert answer.status == 207
        named = Multistatus(answer.xml)
        assert dict(zip(named.hrefs, named.statuses, strict=True)) == {bob.path("d/e/3"): 423}
    assert bob.get("d/e/2").status == bob.get("d/1").status == 200
    assert bob.transfer("COPY", "d", "copied").status == 201


def test_every_locked_member_of_a_tree_needs_its_token(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/1", b"x")
    bob.put("d/2", b"x")
    first, second = locked(bob, "d/1"), locked(bob, "d/2")
    one = f"<{bob.url('d/1')}> (<{first}>)"
    assert bob.delete("d", If=one).status == 207
    assert bob.delete("d", If=f"{one} <{bob.url('d/2')}> (<{second}>)").status == 204
