"""Whose a lock is (RFC 4918 §6.4, §9.10.2, §9.11): refreshing, releasing, sharing, expiring."""

import time

from tests.support.dav import (
    D,
    active_locks,
    element_in,
    locked,
    lockinfo,
    submitted,
    take_lock,
    unlock,
)
from tests.support.http import Client
from tests.support.peers import Peer


def test_a_refresh_renews_the_lock_for_its_owner_alone(bob: Client, alice: Client) -> None:
    bob.put("f", b"x")
    token = locked(bob, "f")
    answer = bob.do("LOCK", "f", headers={"If": submitted(token), "Timeout": "Second-1000"})
    assert answer.status == 200
    assert answer.get("Lock-Token") == ""
    assert answer.xml.findtext(f".//{D}timeout") in ("Second-1000", "Second-999")
    assert alice.do("LOCK", "f", headers={"If": submitted(token)}).status == 403
    assert bob.do("LOCK", "f", headers={"If": "(<urn:uuid:none>)"}).status == 412


def test_a_lock_of_a_tree_is_refreshed_through_any_member(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    token = locked(bob, "d", depth="infinity")
    answer = bob.do("LOCK", "d/f", headers={"If": submitted(token), "Timeout": "Second-900"})
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
    assert bob.put("f", b"by bob", If=submitted(tokens["bob"])).status == 204
    assert alice.put("f", b"by alice", If=submitted(tokens["alice"])).status == 204
    assert bob.put("f", b"with alice's token", If=submitted(tokens["alice"])).status == 423
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
    statuses = {name: bob.do("LOCK", name, headers={"If": submitted(token)}).status for name, token in tokens.items()}
    assert statuses == {"untouched": 200, "locked": 412, "changed": 412}
    assert alice.put("untouched", b"z").status == 423
    assert bob.put("untouched", b"z", If=submitted(tokens["untouched"])).status == 204
    assert bob.put("locked", b"z", If=submitted(tokens["locked"])).status == 423
    assert bob.put("changed", b"z", If=submitted(tokens["changed"])).status == 412


def test_one_who_may_only_look_gets_no_lock(bob: Client, peer: Peer) -> None:
    bob.put("f", b"x")
    assert take_lock(peer.client("victor"), "f").status == 403
    assert take_lock(peer.client("victor"), "new").status == 403
    assert bob.get("new").status == 404
    assert take_lock(peer.client("carol"), "f").status == 404
