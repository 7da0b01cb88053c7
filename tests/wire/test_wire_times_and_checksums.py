"""Times that clients set, checksums that they send, and ownCloud's properties (WIRE §3)."""

import base64
import hashlib
import zlib

import pytest

from tests.support.dav import OC, D, listing, prop
from tests.support.http import Client
from tests.support.peers import Peer

CONTENT = b"what the checksums are of"
SUMS = {
    "SHA1": hashlib.sha1(CONTENT).hexdigest(),
    "MD5": hashlib.md5(CONTENT).hexdigest(),
    "SHA256": hashlib.sha256(CONTENT).hexdigest(),
    "ADLER32": f"{zlib.adler32(CONTENT):08x}",
}
WHEN = "Fri, 13 Feb 2009 23:31:30 GMT"


@pytest.mark.parametrize("value", ["1234567890", "1234567890.987", "1234567890.0"])
def test_x_oc_mtime_is_the_time_of_a_put(value: str, bob: Client) -> None:
    put = bob.put("f", CONTENT, X_OC_Mtime=value)
    assert (put.status, put.get("X-OC-MTime")) == (201, "accepted")
    assert bob.get("f").get("Last-Modified") == WHEN
    assert bob.get("f").etag == put.etag


def test_x_oc_mtime_is_the_time_of_a_collection_a_copy_and_a_move(bob: Client) -> None:
    for name, answer in (
        ("d/", bob.mkcol("d", X_OC_Mtime="1234567890")),
        ("f", bob.put("f", CONTENT)),
        ("c", bob.transfer("COPY", "f", "c", X_OC_Mtime="1234567890")),
        ("m", bob.transfer("MOVE", "f", "m", X_OC_Mtime="1234567890")),
    ):
        assert answer.status == 201
        if name != "f":
            assert answer.get("X-OC-MTime") == "accepted"
            assert listing(bob, name, prop(D + "getlastmodified"), "0").text(D + "getlastmodified") == WHEN


def test_a_time_does_not_change_the_etag_and_a_lock_changes_neither(bob: Client) -> None:
    etag = bob.put("f", CONTENT, X_OC_Mtime="1234567890").etag
    lock = bob.do(
        "LOCK",
        "f",
        b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>',
    )
    assert lock.status == 200
    found = bob.get("f")
    assert (found.etag, found.get("Last-Modified")) == (etag, WHEN)


@pytest.mark.parametrize("algorithm", SUMS)
def test_a_checksum_is_verified_kept_and_given_back(algorithm: str, bob: Client) -> None:
    declared = f"{algorithm}:{SUMS[algorithm]}"
    assert bob.put("f", CONTENT, OC_Checksum=declared).status == 201
    assert declared in listing(bob, "f", prop(OC + "checksums"), "0").text(OC + "checksums")
    assert bob.get("f").get("OC-Checksum")
    assert bob.put("f", b"other bytes", OC_Checksum=declared).status == 412
    assert bob.get("f").body == CONTENT


def test_checksums_are_one_element_and_end_with_the_content(bob: Client) -> None:
    bob.put("f", CONTENT, OC_Checksum=f"SHA1:{SUMS['SHA1']}")
    element = listing(bob, "f", prop(OC + "checksums"), "0").properties()[OC + "checksums"].element
    assert [each.tag for each in element] == [OC + "checksum"]
    assert set((element[0].text or "").split(" ")) == {f"SHA1:{SUMS['SHA1']}", f"SHA256:{SUMS['SHA256']}"}
    bob.put("f", b"new bytes")
    assert SUMS["SHA1"] not in listing(bob, "f", prop(OC + "checksums"), "0").text(OC + "checksums")


def test_a_copy_and_a_move_keep_the_checksum(bob: Client) -> None:
    bob.put("f", CONTENT, OC_Checksum=f"MD5:{SUMS['MD5']}")
    bob.transfer("COPY", "f", "c")
    bob.transfer("MOVE", "f", "m")
    for name in ("c", "m"):
        assert SUMS["MD5"] in listing(bob, name, prop(OC + "checksums"), "0").text(OC + "checksums")


def test_a_digest_of_rfc_9530_is_verified_and_given_when_wanted(bob: Client) -> None:
    good = f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"
    bad = f"sha-256=:{base64.b64encode(hashlib.sha256(b'else').digest()).decode()}:"
    assert bob.put("f", CONTENT, Repr_Digest=good).status == 201
    assert bob.put("f", CONTENT, Content_Digest=bad).status == 412
    assert bob.get("f", Want_Repr_Digest="sha-256=1").get("Repr-Digest") == good
    assert bob.get("f").get("Repr-Digest") == ""


def test_sync_clients_find_their_properties(peer: Peer) -> None:
    bob = peer.bob
    put = bob.put("f", CONTENT)
    bob.mkcol("d")
    wanted = prop(*(OC + each for each in ("id", "fileid", "size", "permissions", "downloadURL")), D + "getetag")
    file = listing(bob, "f", wanted, "0")
    assert file.text(OC + "id") == put.get("OC-FileId")
    assert file.text(OC + "fileid") == file.text(OC + "id").lstrip("0")
    assert file.text(OC + "size") == str(len(CONTENT))
    assert set("RGDNVW") >= set(file.text(OC + "permissions")) >= set("GDNVW")
    assert set("CK") <= set(listing(bob, "d", wanted, "0").text(OC + "permissions"))
    looked = listing(peer.client("victor"), "f", wanted, "0").text(OC + "permissions")
    assert set(looked).isdisjoint("DNVWCK"), "one who may only look"
    identity = file.text(OC + "id")
    bob.transfer("MOVE", "f", "d/g")
    assert listing(bob, "d/g", wanted, "0").text(OC + "id") == identity, "a file keeps its identity when it moves"
