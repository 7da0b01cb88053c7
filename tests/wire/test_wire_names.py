"""Names at their limits, in two Unicode forms, and on a drive that does not tell upper from lower case."""

from urllib.parse import quote

import pytest

from tests.support.dav import D, listing, locked, names_in, prop, take_lock, unchanged
from tests.support.http import Client
from tests.support.peers import Peer, Server

NFC, NFD = quote("caf\u00e9"), quote("cafe\u0301")


def test_names_at_their_limit_are_kept(bob: Client) -> None:
    for name in ("n" * 255, quote("\u20ac" * 85)):
        assert bob.put(name, b"x").status == 201
        assert bob.get(name).body == b"x"
        assert bob.mkcol(f"{name}1").status == 400


def test_two_hundred_names_deep_is_the_limit(bob: Client) -> None:
    path = ""
    with bob.connection() as connection:
        for _ in range(198):  # the collection of this test is the first, the file below is the last
            path += "d/"
            assert bob.on(connection, "MKCOL", path).status == 201
        assert bob.on(connection, "PUT", path + "f", b"deep").status == 201
        assert bob.on(connection, "GET", path + "f").body == b"deep"
        assert bob.on(connection, "MKCOL", path + "d/").status == 201
        assert bob.on(connection, "PUT", path + "d/f", b"too deep").status == 400
    assert bob.transfer("COPY", "d", "copied").status == 201
    assert bob.delete("d").status == 204


def test_a_name_is_found_in_both_unicode_forms_and_can_change_its_own(bob: Client) -> None:
    bob.put(NFC, b"x")
    assert bob.get(NFD).body == b"x"
    assert bob.put(NFD, b"y", If_None_Match="*").status == 412
    assert bob.mkcol(NFD).status == 405
    moved = bob.transfer("MOVE", NFC, NFD)
    assert moved.status in (201, 204)
    assert names_in(bob) == {NFD}
    assert bob.transfer("COPY", NFC, NFD).status == 403
    assert bob.transfer("MOVE", NFD, NFD).status == 403
    token = locked(bob, NFC)
    assert bob.put(NFD, b"z").status == 423
    assert bob.put(NFD, b"z", If=f"(<{token}>)").status == 204


@pytest.fixture(scope="module")
def any_case(drive_server: Server) -> Client:
    """A drive of alice's that does not tell upper from lower case."""
    drive_server.command("drive", "create", "Any", "--case-insensitive")
    drive_server.command("drive", "grant", "Any", "alice", "owner")
    return drive_server.client("alice", "/Any")


def test_a_drive_that_ignores_case_keeps_the_spelling_and_finds_every_other(any_case: Client) -> None:
    drive = any_case
    assert drive.mkcol("Folder").status == 201
    assert drive.put("Folder/File.TXT", b"x").status == 201
    assert drive.get("FOLDER/file.txt").body == b"x"
    assert drive.put("folder/FILE.txt", b"y").status == 204
    assert names_in(drive, "folder/") == {"File.TXT"}
    assert drive.mkcol("folder").status == 405
    assert drive.transfer("MOVE", "Folder", "FOLDER").status in (201, 204)
    assert names_in(drive) == {"FOLDER"}
    assert drive.get("Folder/File.TXT").body == b"y"
    assert drive.transfer("COPY", "folder", "fOLDER").status == 403
    assert drive.transfer("MOVE", "FOLDER", "folder/inside").status == 403
    take_lock(drive, "folder", depth="infinity")
    assert drive.put("FoLdEr/new", b"x").status == 423
    assert "activelock" in drive.do("PROPFIND", "foldeR/fILE.txt", prop(D + "lockdiscovery"), {"Depth": "0"}).text


def test_between_drives_that_compare_names_differently_nothing_is_moved(any_case: Client, alice: Client) -> None:
    alice.put("f", b"x")
    with unchanged(alice):
        assert alice.do("MOVE", "f", headers={"Destination": any_case.url("f")}).status == 403


def test_a_whole_drive_can_be_locked_by_its_root(peer: Peer) -> None:
    alice = peer.server.client("alice")
    token = locked(alice, "", depth="infinity")
    try:
        assert alice.put("below-a-locked-root", b"x").status == 423
        assert alice.put("below-a-locked-root", b"x", If=f"<{alice.url('')}> (<{token}>)").status == 201
        discovery = (
            listing(alice, "below-a-locked-root", prop(D + "lockdiscovery"), "0")
            .properties()[D + "lockdiscovery"]
            .element
        )
        assert discovery.findtext(f"{D}activelock/{D}lockroot/{D}href") == "/alice/"
        assert alice.delete("below-a-locked-root", If=f"(<{token}>)").status == 204
    finally:
        assert alice.do("UNLOCK", "", headers={"Lock-Token": f"<{token}>"}).status == 204
