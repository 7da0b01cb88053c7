"""What davfs2, cadaver, npm's webdav, webdavclient3 and rclone send (WIRE §7), replayed."""

from tests.support.dav import OC, D, Multistatus, listing, locked, lockinfo, names_in, prop, unlock, update
from tests.support.http import Client


def test_davfs2_writes_a_new_file_under_its_lock(bob: Client) -> None:
    lock = bob.do("LOCK", "new", lockinfo(owner="bob"), {"Depth": "0", "Timeout": "Second-1800"})
    assert lock.status == 201
    head = bob.do("HEAD", "new")
    assert head.etag.startswith('"'), "a weak ETag would fail in If-Match"
    headers = {"If-Match": head.etag, "If": f"<{bob.url('new')}> (<{lock.token}>)"}
    put = bob.do("PUT", "new", b"content", headers)
    assert put.status == 204
    assert put.etag == bob.do("HEAD", "new").etag, "a strong ETag on the PUT saves davfs2 a HEAD"
    assert unlock(bob, "new", lock.token).status == 204


def test_davfs2_renames_and_sets_the_executable_bit(bob: Client) -> None:
    bob.put("a%c3%a4", b"x")
    moved = bob.transfer("MOVE", "a%c3%a4", "b%c3%b6", Overwrite="T")
    assert moved.status == 201
    assert bob.do("HEAD", "b%c3%b6").status == 200
    executable = "{http://apache.org/dav/props/}executable"
    answer = bob.do("PROPPATCH", "b%c3%b6", update((executable, "T")))
    assert Multistatus(answer.xml).properties()[executable].status == 200
    assert listing(bob, "b%c3%b6", prop(executable), "0").text(executable) == "T"


def test_cadaver_locks_without_a_timeout_and_edits_with_a_full_url(bob: Client) -> None:
    bob.put("f", b"x")
    lock = bob.do("LOCK", "f", lockinfo(owner="bob"), {"Depth": "0"})
    assert lock.status == 200
    assert bob.get("f").body == b"x"
    assert bob.put("f", b"y", If=f"<{bob.url('f')}> (<{lock.token}>)").status == 204
    assert unlock(bob, "f", lock.token).status == 204


def test_npm_webdav_sends_lock_tokens_without_brackets(bob: Client) -> None:
    bob.put("f", b"x")
    token = locked(bob, "f")
    assert bob.do("UNLOCK", "f", headers={"Lock-Token": token}).status == 204


def test_webdavclient3_sends_proppatch_with_a_depth(bob: Client) -> None:
    bob.mkcol("d")
    for path, depth in ("d/", "1"), ("d", "infinity"), ("d/", "0"):
        answer = bob.do("PROPPATCH", path, update(("{urn:x}a", depth)), {"Depth": depth})
        assert Multistatus(answer.xml).properties()["{urn:x}a"].status == 200


def test_rclone_makes_collections_that_are_there_already(bob: Client) -> None:
    assert bob.mkcol("a/b/").status == 409
    assert bob.mkcol("a/").status == 201
    assert bob.mkcol("a/").status == 405
    assert bob.mkcol("a/b/").status == 201


def test_rclone_purges_with_one_delete(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    assert bob.delete("d/").status == 204
    assert names_in(bob) == set()


def test_rclone_sets_a_time_beside_checksums_that_the_server_keeps_itself(bob: Client) -> None:
    bob.put("f", b"x", OC_Checksum="SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072")
    checksums = (
        "<oc:checksum xmlns:oc='http://owncloud.org/ns'>SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072</oc:checksum>"
    )
    answer = bob.do("PROPPATCH", "f", update((D + "lastmodified", "1234567890"), (OC + "checksums", checksums)))
    found = Multistatus(answer.xml).properties()
    assert {each.status for each in found.values()} == {200}
    listed = listing(bob, "f", prop(D + "getlastmodified", OC + "checksums"), "0")
    assert listed.text(D + "getlastmodified") == "Fri, 13 Feb 2009 23:31:30 GMT"
    assert "SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072" in listed.text(OC + "checksums")


def test_rclone_asks_for_a_checksum_that_was_never_sent(bob: Client) -> None:
    bob.put("f", b"x")
    asked = bob.do("PATCH", "f", headers={"X-Recalculate-Hash": "sha1"})
    assert asked.status == 204
    assert asked.get("OC-Checksum") == "SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072"
    assert "SHA1:11f6ad8" in listing(bob, "f", prop(OC + "checksums"), "0").text(OC + "checksums")
