"""Locks over the wire (RFC 4918 §6, §7, §9.10, §9.11): who gets one, what it forbids, what is shown of it."""

import time

import pytest

from tests.support.dav import (
    D,
    Multistatus,
    element_in,
    listing,
    locked,
    lockinfo,
    prop,
    sentence_of,
    take_lock,
    unlock,
    update,
)
from tests.support.http import Answer, Client
from tests.support.peers import Peer

# RFC 4918 §6.2: what is held, what is asked for, whether it is granted.
COMPATIBILITY = [
    ("exclusive", "exclusive", 423),
    ("exclusive", "shared", 423),
    ("shared", "exclusive", 423),
    ("shared", "shared", 200),
]


def held(token: str) -> str:
    return f"(<{token}>)"


def active_locks(client: Client, path: str) -> list[dict[str, str]]:
    """Every activelock of a resource, its parts by name."""
    found = listing(client, path, prop(D + "lockdiscovery"), "0").properties()[D + "lockdiscovery"].element
    return [_parts(each) for each in found.findall(D + "activelock")]


def _parts(active: object) -> dict[str, str]:
    parts: dict[str, str] = {}
    for each in active:  # type: ignore[attr-defined]
        inside = [child.tag.removeprefix(D) for child in each]
        text = "".join(each.itertext()).strip()
        parts[each.tag.removeprefix(D)] = text or (inside[0] if inside else "")
    return parts


@pytest.mark.parametrize(("first", "second", "status"), COMPATIBILITY)
def test_two_locks_go_together_only_when_both_are_shared(
    first: str, second: str, status: int, bob: Client, alice: Client
) -> None:
    bob.put("f", b"x")
    locked(bob, "f", first)
    answer = take_lock(alice, "f", second)
    assert answer.status == status
    if status == 423:
        assert element_in(answer, "no-conflicting-lock")
        assert answer.xml.findtext(f".//{D}no-conflicting-lock/{D}href") == bob.path("f")
        assert "bob" in sentence_of(answer)


def test_the_holder_too_gets_no_second_exclusive_lock(bob: Client) -> None:
    bob.put("f", b"x")
    locked(bob, "f")
    assert take_lock(bob, "f").status == 423


@pytest.mark.parametrize(("first", "second", "status"), COMPATIBILITY)
def test_a_lock_of_a_tree_meets_locks_above_and_below_it(
    first: str, second: str, status: int, bob: Client, alice: Client
) -> None:
    for name in ("d", "d/e", "d/e/i"):
        bob.mkcol(name)
    locked(bob, "d/e", first, "infinity")
    assert take_lock(alice, "d/e/i", second).status == status
    above = take_lock(alice, "d", second, "infinity")
    assert above.status == (207 if status == 423 else 200)
    assert take_lock(alice, "d", "exclusive", "0").status == (200 if status == 423 else 423)


def test_the_answer_to_lock_is_the_whole_lock(bob: Client) -> None:
    bob.put("f", b"x")
    owner = '<D:href>http://example.org/~bob</D:href><x:more xmlns:x="urn:x">and <x:b/>more</x:more>'
    answer = bob.do("LOCK", "f", lockinfo(owner=owner), {"Depth": "0", "Timeout": "Second-120"})
    assert answer.status == 200
    assert answer.get("Lock-Token") == f"<{answer.token}>"
    assert answer.token.startswith("urn:uuid:")
    active = answer.xml.find(f"{D}lockdiscovery/{D}activelock")
    assert active is not None
    parts = _parts(active)
    assert parts["locktype"] == "write"
    assert parts["lockscope"] == "exclusive"
    assert parts["depth"] == "0"
    assert parts["timeout"] in ("Second-120", "Second-119")
    assert parts["locktoken"] == answer.token
    assert parts["lockroot"] == bob.path("f")
    sent = active.find(D + "owner")
    assert sent is not None
    assert sent.findtext(D + "href") == "http://example.org/~bob"
    assert sent.find("{urn:x}more/{urn:x}b") is not None


def test_an_unmapped_path_becomes_an_empty_file_that_is_locked(bob: Client, alice: Client) -> None:
    answer = take_lock(bob, "new")
    assert answer.status == 201
    assert (bob.get("new").status, bob.get("new").body) == (200, b"")
    assert alice.put("new", b"x").status == 423
    assert bob.put("new", b"x", If=held(answer.token)).status == 204
    assert unlock(bob, "new", answer.token).status == 204
    assert alice.get("new").body == b"x"


def test_lockdiscovery_and_supportedlock_are_complete_on_everything_in_a_lock(bob: Client, alice: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    tree = locked(bob, "d", "shared", "infinity")
    own = locked(alice, "d/f", "shared")
    for path, tokens in ("d/", {tree}), ("d/f", {tree, own}):
        found = active_locks(alice, path)
        assert {each["locktoken"] for each in found} == tokens
        assert all(each["lockscope"] == "shared" and each["locktype"] == "write" for each in found)
        roots = {each["locktoken"]: (each["lockroot"].rstrip("/"), each["depth"]) for each in found}
        assert roots[tree] == (bob.path("d"), "infinity")
        assert roots.get(own, (bob.path("d/f"), "0")) == (bob.path("d/f"), "0")
    listed = listing(bob, "d/", prop(D + "supportedlock", D + "lockdiscovery"))
    for index in range(2):
        element = listed.properties(index)[D + "supportedlock"].element
        scopes = {entry[0][0].tag for entry in element.findall(D + "lockentry")}
        assert scopes == {D + "exclusive", D + "shared"}
    assert own in listed.text(D + "lockdiscovery", 1)


WRITES = {
    "PUT": lambda client, token: client.put("d/f", b"new", **token),
    "PROPPATCH": lambda client, token: client.do("PROPPATCH", "d/f", update(("{urn:x}a", "1")), _if(token)),
    "MOVE away": lambda client, token: client.transfer("MOVE", "d/f", "moved", **token),
    "MOVE onto": lambda client, token: client.transfer("MOVE", "other", "d/f", **token),
    "COPY onto": lambda client, token: client.transfer("COPY", "other", "d/f", **token),
    "DELETE": lambda client, token: client.delete("d/f", **token),
}


def _if(token: dict[str, str]) -> dict[str, str]:
    return dict(token)


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


ADDITIONS = {
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


def test_a_lock_ends_with_what_it_locked(bob: Client, alice: Client) -> None:
    for leave in ("DELETE", "MOVE"):
        bob.put("f", b"x")
        token = locked(bob, "f")
        answer = (
            bob.delete("f", If=held(token)) if leave == "DELETE" else bob.transfer("MOVE", "f", "g", If=held(token))
        )
        assert answer.status in (201, 204)
        assert alice.put("f", b"y").status == 201
        assert active_locks(bob, "f") == []
        assert unlock(bob, "f", token).status == 409
        alice.delete("f")


def test_a_file_that_is_replaced_keeps_its_lock_and_its_etag_changes_only_with_the_content(bob: Client) -> None:
    etag = bob.put("f", b"x").etag
    token = locked(bob, "f")
    assert bob.get("f").etag == etag
    bob.put("f", b"y", If=held(token))
    assert [each["locktoken"] for each in active_locks(bob, "f")] == [token]
    etag = bob.get("f").etag
    unlock(bob, "f", token)
    assert bob.get("f").etag == etag


def test_a_refresh_renews_the_lock_for_its_owner_alone(bob: Client, alice: Client) -> None:
    bob.put("f", b"x")
    token = locked(bob, "f")
    answer = bob.do("LOCK", "f", headers={"If": held(token), "Timeout": "Second-1000"})
    assert answer.status == 200
    assert answer.get("Lock-Token") == ""
    assert answer.xml.findtext(f".//{D}timeout") in ("Second-1000", "Second-999")
    assert alice.do("LOCK", "f", headers={"If": held(token)}).status == 403
    assert bob.do("LOCK", "f", headers={"If": "(<urn:uuid:none>)"}).status == 412


def test_a_lock_of_a_tree_is_refreshed_through_any_member(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    token = locked(bob, "d", depth="infinity")
    answer = bob.do("LOCK", "d/f", headers={"If": held(token), "Timeout": "Second-900"})
    assert answer.status == 200
    assert answer.xml.findtext(f".//{D}lockroot/{D}href", "").rstrip("/") == bob.path("d")


def test_only_the_holder_and_the_drives_owner_can_unlock(bob: Client, alice: Client, peer: Peer) -> None:
    bob.put("f", b"x")
    for holder, other in (bob, alice), (bob, peer.client("victor")):
        token = locked(holder, "f")
        assert unlock(other, "f", token).status == 403
        assert unlock(holder, "f", token).status == 204
    token = locked(alice, "f")
    assert unlock(bob, "f", token).status == 204


def test_unlock_names_a_resource_in_the_locks_scope(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    bob.put("g", b"x")
    token = locked(bob, "d", depth="infinity")
    elsewhere = unlock(bob, "g", token)
    assert elsewhere.status == 409
    assert element_in(elsewhere, "lock-token-matches-request-uri")
    assert unlock(bob, "d/f", token).status == 204
    assert active_locks(bob, "d/") == []


def test_two_holders_of_shared_locks_both_write(bob: Client, alice: Client, peer: Peer) -> None:
    bob.put("f", b"x")
    tokens = {client.user: locked(client, "f", "shared") for client in (bob, alice)}
    assert bob.put("f", b"by bob", If=held(tokens["bob"])).status == 204
    assert alice.put("f", b"by alice", If=held(tokens["alice"])).status == 204
    assert bob.put("f", b"with alice's token", If=held(tokens["alice"])).status == 423
    unlock(bob, "f", tokens["bob"])
    assert bob.put("f", b"without").status == 423
    assert bob.get("f").body == b"by alice"


def test_an_expired_lock_holds_nobody_back_and_is_its_owners_again_if_nothing_happened(
    bob: Client, alice: Client
) -> None:
    """Five seconds are the shortest life of a lock; one wait for all three ends that it can come to."""
    tokens: dict[str, str] = {}
    for name in ("untouched", "locked", "changed"):
        bob.put(name, b"x")
        tokens[name] = bob.do("LOCK", name, lockinfo(), {"Depth": "0", "Timeout": "Second-1"}).token
    until = time.monotonic() + 10
    while active_locks(bob, "changed") and time.monotonic() < until:
        time.sleep(0.05)
    locked(alice, "locked")
    assert alice.put("changed", b"y").status == 204
    statuses = {name: bob.do("LOCK", name, headers={"If": held(token)}).status for name, token in tokens.items()}
    assert statuses == {"untouched": 200, "locked": 412, "changed": 412}
    assert alice.put("untouched", b"z").status == 423
    assert bob.put("untouched", b"z", If=held(tokens["untouched"])).status == 204
    assert bob.put("locked", b"z", If=held(tokens["locked"])).status == 423
    assert bob.put("changed", b"z", If=held(tokens["changed"])).status == 412


def test_one_who_may_only_look_gets_no_lock(bob: Client, peer: Peer) -> None:
    bob.put("f", b"x")
    assert take_lock(peer.client("victor"), "f").status == 403
    assert take_lock(peer.client("victor"), "new").status == 403
    assert bob.get("new").status == 404
    assert take_lock(peer.client("carol"), "f").status == 404
