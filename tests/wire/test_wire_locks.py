"""Locks over the wire (RFC 4918 §6, §9.10): who gets one, what is shown of it, when it ends."""

import pytest

from tests.support.dav import (
    D,
    active_locks,
    element_in,
    listing,
    locked,
    lockinfo,
    parts_of,
    prop,
    sentence_of,
    submitted,
    take_lock,
    unlock,
)
from tests.support.http import Client

# RFC 4918 §6.2: what is held, what is asked for, whether it is granted.
COMPATIBILITY = [
    ("exclusive", "exclusive", 423),
    ("exclusive", "shared", 423),
    ("shared", "exclusive", 423),
    ("shared", "shared", 200),
]


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
    parts = parts_of(active)
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
    assert bob.put("new", b"x", If=submitted(answer.token)).status == 204
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


def test_a_lock_ends_with_what_it_locked(bob: Client, alice: Client) -> None:
    for leave in ("DELETE", "MOVE"):
        bob.put("f", b"x")
        token = locked(bob, "f")
        answer = (
            bob.delete("f", If=submitted(token))
            if leave == "DELETE"
            else bob.transfer("MOVE", "f", "g", If=submitted(token))
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
    bob.put("f", b"y", If=submitted(token))
    assert [each["locktoken"] for each in active_locks(bob, "f")] == [token]
    etag = bob.get("f").etag
    unlock(bob, "f", token)
    assert bob.get("f").etag == etag
