"""Locks that stock WsgiDAV grants, ignores or leaves behind."""

from tests.support.dav import D, Multistatus, listing, locked, lockinfo, prop, take_lock
from tests.support.peers import Peer
from tests.wire.defect import defect


@defect
def a_refused_lock_creates_no_file(peer: Peer) -> None:
    locked(peer.alice, "", depth="infinity")
    assert take_lock(peer.bob, "new").status == 423
    assert peer.bob.get("new").status == 404


@defect
def a_lock_of_depth_0_on_the_parent_keeps_others_from_adding_members(peer: Peer) -> None:
    peer.bob.mkcol("d")
    locked(peer.alice, "d", depth="0")
    assert take_lock(peer.bob, "d/new").status == 423
    assert peer.bob.put("d/put", b"x").status == 423
    assert peer.bob.mkcol("d/made").status == 423
    assert peer.bob.get("d/new").status == 404


@defect
def one_of_two_shared_locks_is_enough_to_write(peer: Peer) -> None:
    peer.bob.put("f", b"old")
    mine = locked(peer.bob, "f", "shared")
    locked(peer.alice, "f", "shared")
    assert peer.bob.put("f", b"new", If=f"(<{mine}>)").status == 204


@defect
def a_folder_moves_with_the_token_of_the_lock_on_its_child(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    token = locked(peer.bob, "d/f")
    moved = peer.bob.transfer("MOVE", "d", "e", If=f"<{peer.bob.url('d/f')}> (<{token}>)")
    assert moved.status == 201
    assert peer.bob.get("e/f").body == b"x"


@defect
def a_move_takes_the_lock_from_the_old_name(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    token = locked(peer.bob, "f")
    assert peer.bob.transfer("MOVE", "f", "g", If=f"(<{token}>)").status == 201
    assert peer.alice.put("f", b"free again").status == 201


@defect
def deleting_a_tree_spares_what_somebody_locked_deep_inside(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.mkcol("d/e")
    peer.bob.put("d/e/f", b"x")
    locked(peer.alice, "d/e/f")
    assert peer.bob.delete("d").status in (207, 423)
    assert peer.bob.get("d/e/f").body == b"x"


@defect
def lockdiscovery_on_a_member_shows_the_lock_of_the_tree(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    token = locked(peer.bob, "d", depth="infinity")
    assert token in listing(peer.bob, "d/f", prop(D + "lockdiscovery"), "0").text(D + "lockdiscovery")


@defect
def a_conflicting_lock_of_a_tree_names_the_member(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    locked(peer.alice, "d/f")
    answer = take_lock(peer.bob, "d", depth="infinity")
    assert answer.status == 207
    named = dict(zip(Multistatus(answer.xml).hrefs, Multistatus(answer.xml).statuses, strict=True))
    assert named[peer.bob.path("d/f")] == 423


@defect
def no_lock_lasts_longer_than_a_day_unless_refreshed(peer: Peer) -> None:
    for name, wanted in ("f", "Infinite"), ("g", None), ("h", "Second-4100000000"):
        answer = peer.bob.do("LOCK", name, lockinfo(), {"Depth": "0", "Timeout": wanted})
        granted = answer.xml.findtext(f".//{D}timeout", "")
        assert granted.startswith("Second-"), granted
        assert int(granted.removeprefix("Second-")) <= 86400
