"""What LibreOffice sends (WIRE §7), replayed: open, save, save as, and a second user who opens read-only."""

import pytest

from tests.support.dav import D, listing, lockinfo, prop, unlock
from tests.support.http import Answer, Client

UCB = "{http://ucb.openoffice.org/dav/props/}"
ASKED = (D + "resourcetype", UCB + "IsReadOnly", D + "getcontenttype", D + "supportedlock", D + "lockdiscovery")


def open_document(client: Client, path: str) -> Answer:
    """Everything up to the LOCK, whose answer decides between writing and reading."""
    assert client.do("OPTIONS", path).status == 200
    for name in ASKED:
        assert listing(client, path, prop(name), "0").hrefs
    supported = listing(client, path, prop(D + "supportedlock"), "0").properties()[D + "supportedlock"]
    assert supported.status == 200
    assert len(supported.element) == 2
    assert client.do("HEAD", path).status == 200
    assert client.get(path).status == 200
    return client.do("LOCK", path, lockinfo(owner=client.user), {"Depth": "0", "Timeout": "Second-180"})


@pytest.fixture
def document(bob: Client) -> str:
    bob.put("letter.odt", b"old", Content_Type="application/vnd.oasis.opendocument.text")
    return "letter.odt"


def test_libreoffice_opens_refreshes_saves_and_closes(document: str, bob: Client) -> None:
    lock = open_document(bob, document)
    assert lock.status == 200
    held = {"If": f"(<{lock.token}>)"}
    assert bob.do("LOCK", document, headers={**held, "Timeout": "Second-180"}).status == 200
    assert listing(bob, document, prop(*ASKED), "0").hrefs
    assert bob.do("HEAD", "").status == 200, "the parent collection, or the save fails"
    assert bob.do("PUT", document, b"new", held).status == 204
    assert bob.do("HEAD", document).get("Content-Type") == "application/vnd.oasis.opendocument.text"
    assert unlock(bob, document, lock.token).status == 204


def test_libreoffice_saves_under_a_new_name(bob: Client) -> None:
    lock = bob.do("LOCK", "new.odt", lockinfo(owner="bob"), {"Depth": "0", "Timeout": "Second-180"})
    assert lock.status == 201
    assert bob.do("HEAD", "new.odt").status == 200
    assert bob.put("new.odt", b"saved", If=f"(<{lock.token}>)").status == 204
    assert unlock(bob, "new.odt", lock.token).status == 204


def test_the_second_user_opens_read_only_and_sees_who_writes(document: str, bob: Client, alice: Client) -> None:
    first = open_document(bob, document)
    second = open_document(alice, document)
    assert (first.status, second.status) == (200, 423)
    discovery = listing(alice, document, prop(D + "lockdiscovery"), "0").properties()[D + "lockdiscovery"].element
    assert discovery.findtext(f"{D}activelock/{D}owner") == "bob"
    unlock(bob, document, first.token)
    assert open_document(alice, document).status == 200


def test_the_head_of_every_collection_is_answered(bob: Client) -> None:
    for path in ("/", "/bob", "/bob/", bob.base):
        assert bob.do("HEAD", path).status == 200
