"""What Windows and Office send (WIRE §7), replayed."""

from tests.support.dav import WIN32, D, Multistatus, listing, locked, lockinfo, prop, unlock, update
from tests.support.http import Client
from tests.support.peers import Peer

ZERO = "Thu, 01 Jan 1970 00:00:00 GMT"
WHEN = "Fri, 13 Feb 2009 23:31:30 GMT"


def redirector(client: Client) -> Client:
    """The client as the Mini-Redirector: its headers come with every request."""
    fixed = {"User-Agent": "Microsoft-WebDAV-MiniRedir/10.0.19045", "translate": "f", "Connection": "Keep-Alive"}
    return Client(client.address, client.user, client.password, client.base, fixed)


def test_options_and_propfind_above_the_drive_are_answered(peer: Peer) -> None:
    bob = redirector(peer.bob)
    for path in ("/", "/bob/", bob.base):
        answer = bob.do("OPTIONS", path)
        assert answer.status == 200
        assert {"1", "2"} <= {each.strip() for each in answer.get("DAV").split(",")}
        assert answer.get("MS-Author-Via") == "DAV"
    stranger = Client(bob.address)
    assert stranger.do("OPTIONS", "/").status == 200
    assert bob.do("PROPFIND", "/", headers={"Depth": "0"}).status == 207


def test_a_domain_before_the_name_is_passed_over(peer: Peer) -> None:
    for name in ("LAPTOP\\bob", "WORKGROUP\\bob"):
        domain = Client(peer.server.address, name, peer.bob.password, peer.base)
        assert domain.do("PROPFIND", "", headers={"Depth": "0"}).status == 207


def test_the_mini_redirector_saves_a_file(peer: Peer) -> None:
    bob = redirector(peer.bob)
    assert bob.do("PROPFIND", "report.docx", headers={"Depth": "0"}).status == 404
    assert bob.put("report.docx", b"").status == 201
    lock = bob.do("LOCK", "report.docx", lockinfo(owner="<D:href>LAPTOP\\bob</D:href>"), {"Timeout": "Second-3600"})
    assert lock.status == 200
    held = {"If": f"(<{lock.token}>)"}
    assert bob.do("HEAD", "report.docx", headers=held).status == 200
    assert bob.do("PUT", "report.docx", b"the document", held).status == 204
    patch = bob.do("PROPPATCH", "report.docx", win32_times(), held)
    assert patch.status == 207
    found = Multistatus(patch.xml).properties()
    assert {name.removeprefix(WIN32): each.status for name, each in found.items()} == {
        "Win32CreationTime": 200, "Win32LastAccessTime": 200, "Win32LastModifiedTime": 200, "Win32FileAttributes": 200,
    }  # fmt: skip
    assert bob.do("HEAD", "report.docx", headers=held).get("Last-Modified") == WHEN
    assert unlock(bob, "report.docx", lock.token).status == 204
    listed = listing(bob, "report.docx", depth="0")
    assert listed.text(D + "getlastmodified") == WHEN
    assert listed.text(D + "creationdate").startswith("2009-02-13T23:31:30")
    assert bob.get("report.docx").body == b"the document"


def win32_times() -> bytes:
    return update(
        (WIN32 + "Win32CreationTime", WHEN),
        (WIN32 + "Win32LastAccessTime", WHEN),
        (WIN32 + "Win32LastModifiedTime", WHEN),
        (WIN32 + "Win32FileAttributes", "00000020"),
    )


def test_win32_properties_come_back_as_they_were_sent(bob: Client) -> None:
    bob.put("f", b"x")
    assert bob.do("PROPPATCH", "f", win32_times()).status == 207
    listed = listing(bob, "f", prop(WIN32 + "Win32LastModifiedTime", WIN32 + "Win32FileAttributes"), "0")
    assert listed.text(WIN32 + "Win32LastModifiedTime") == WHEN
    assert listed.text(WIN32 + "Win32FileAttributes") == "00000020"


def test_one_draft_of_a_save_is_no_version_of_its_own(bob: Client) -> None:
    """The empty PUT and the full one are one save: the ETag of the empty one is gone, the file is whole."""
    first = bob.put("f", b"").etag
    second = bob.put("f", b"x").etag
    assert first != second
    assert bob.put("f", b"y", If_Match=first).status == 412


def test_a_rename_with_overwrite_f_never_replaces(peer: Peer) -> None:
    bob = redirector(peer.bob)
    bob.put("a", b"a")
    bob.put("b", b"b")
    assert bob.transfer("MOVE", "a", "b", Overwrite="F").status == 412
    assert bob.transfer("MOVE", "a", "A%20renamed", Overwrite="F").status == 201
    assert bob.get("b").body == b"b"


def test_office_opens_edits_and_saves_under_one_lock(peer: Peer) -> None:
    bob = peer.bob
    bob.put("book.xlsx", b"old")
    assert bob.do("OPTIONS", "").get("DAV")
    assert bob.do("HEAD", "book.xlsx").etag
    lock = bob.do("LOCK", "book.xlsx", lockinfo(owner="bob"), {"Timeout": "Second-3600", "Depth": "0"})
    found = bob.get("book.xlsx")
    assert found.body == b"old"
    for _ in range(2):
        refreshed = bob.do("LOCK", "book.xlsx", headers={"If": f"(<{lock.token}>)", "Timeout": "Second-3600"})
        assert refreshed.status == 200
    assert bob.get("book.xlsx", If_None_Match=found.etag).status == 304, "or Office says that somebody changed it"
    saved = bob.put("book.xlsx", b"new", If=f"(<{lock.token}>)")
    assert saved.status == 204
    assert unlock(bob, "book.xlsx", lock.token).status == 204


def test_office_with_an_empty_bearer_token_is_asked_for_a_password(peer: Peer) -> None:
    answer = Client(peer.server.address, base=peer.base, fixed={"Authorization": "Bearer"}).do("HEAD", "f")
    assert answer.status == 401
    assert answer.get("WWW-Authenticate").startswith("Basic")


def test_a_second_user_of_office_learns_that_the_file_is_locked(bob: Client, alice: Client) -> None:
    bob.put("book.xlsx", b"old")
    token = locked(bob, "book.xlsx")
    refused = alice.do("LOCK", "book.xlsx", lockinfo(owner="alice"), {"Timeout": "Second-3600", "Depth": "0"})
    assert refused.status == 423
    assert token in listing(alice, "book.xlsx", prop(D + "lockdiscovery"), "0").text(D + "lockdiscovery")
    assert "bob" in listing(alice, "book.xlsx", prop(D + "lockdiscovery"), "0").text(D + "lockdiscovery")
