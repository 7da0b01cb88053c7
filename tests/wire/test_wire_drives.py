"""Who may see and change a drive: roles, and 404 for what one may not know of."""

import pytest

from tests.support.dav import listing, update
from tests.support.http import Answer, Client
from tests.support.peers import Peer

READS = ("GET", "HEAD", "PROPFIND")
WRITES = ("PUT", "DELETE", "MKCOL", "PROPPATCH", "LOCK", "MOVE")


@pytest.mark.parametrize("method", [*READS, *WRITES, "UNLOCK"])
def test_a_drive_that_one_may_not_see_is_404_like_one_that_is_not_there(method: str, peer: Peer) -> None:
    peer.bob.put("f", b"x")
    carol = peer.client("carol")
    hidden = _ask(carol, method, carol.path("f"))
    missing = _ask(carol, method, carol.path("f").replace("bob", "no-such"))
    assert hidden.status == missing.status == 404
    assert hidden.text == missing.text.replace("no-such", "bob")


def _ask(client: Client, method: str, path: str) -> Answer:
    body = update(("{urn:x}a", "1")) if method == "PROPPATCH" else b""
    headers = {
        "Depth": "0",
        "Destination": path + "2",
        "Lock-Token": "<urn:x>",
        "If": "(<urn:x>)" if method == "LOCK" else None,
    }
    return client.do(method, path, body, headers)


def test_a_destination_in_a_drive_that_one_may_not_see_is_like_one_that_is_not_there(peer: Peer) -> None:
    carol = peer.server.client("carol")
    carol.put("f", b"x")
    statuses = {carol.do("COPY", "f", headers={"Destination": to}).status for to in ("/bob/f", "/nothing/f")}
    assert statuses == {409}


@pytest.mark.parametrize("method", WRITES)
def test_a_viewer_reads_and_changes_nothing(method: str, peer: Peer) -> None:
    peer.bob.put("f", b"x")
    victor = peer.client("victor")
    assert victor.get("f").body == b"x"
    assert listing(victor, "").hrefs
    answer = _ask(victor, method, victor.path("new" if method == "MKCOL" else "f"))
    assert answer.status == 403
    assert peer.bob.get("f").body == b"x"


def test_a_viewer_takes_copies_home(peer: Peer) -> None:
    peer.bob.put("f", b"x")
    victor = peer.client("victor")
    home = f"/victor/copy-of-{peer.base.rpartition('/')[2]}"
    assert victor.do("COPY", "f", headers={"Destination": home}).status == 201
    assert victor.do("GET", home).body == b"x"
    assert victor.do("MOVE", "f", headers={"Destination": home + "2"}).status == 403


def test_an_editor_moves_between_drives_and_the_source_is_gone(peer: Peer) -> None:
    peer.bob.mkcol("d")
    peer.bob.put("d/f", b"x")
    home = f"/alice/moved-{peer.base.rpartition('/')[2]}"
    assert peer.alice.do("MOVE", "d", headers={"Destination": home}).status == 201
    assert peer.alice.do("GET", home + "/f").body == b"x"
    assert peer.bob.get("d/f").status == 404


def test_no_password_a_wrong_one_and_an_unknown_user_are_refused_alike(peer: Peer) -> None:
    answers = [
        Client(peer.server.address, user, password, peer.base).get("")
        for user, password in (("", ""), ("bob", "wrong"), ("nobody", "wrong"))
    ]
    assert {each.status for each in answers} == {401}
    assert len({each.get("WWW-Authenticate") for each in answers}) == 1
    assert 'realm="davdrive"' in answers[0].get("WWW-Authenticate")
