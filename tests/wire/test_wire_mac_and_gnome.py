"""What Finder and GNOME Files send (WIRE §7), replayed."""

import unicodedata

from tests.support.dav import D, listing, locked, names_in, prop, unchanged
from tests.support.http import Client

FINDER = {"User-Agent": "WebDAVFS/3.0.0 (03008000) Darwin/22.6.0 (x86_64)"}


def test_finder_saves_chunked_and_says_how_long_the_file_will_be(bob: Client) -> None:
    assert bob.do("PROPFIND", "photo.jpg", headers={"Depth": "0", **FINDER}).status == 404
    assert bob.put("photo.jpg", b"", **_finder()).status == 201
    token = locked(bob, "photo.jpg")
    body = [b"j" * 70_000] * 5
    saved = bob.put("photo.jpg", body, X_Expected_Entity_Length="350000", If=f"(<{token}>)", **_finder())
    assert saved.status == 204
    assert bob.get("photo.jpg").body == b"".join(body)


def _finder() -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in FINDER.items()}


def test_a_finder_upload_of_another_length_leaves_the_old_file(bob: Client) -> None:
    bob.put("f", b"old")
    for length in ("4", "2", "350000"):
        with unchanged(bob):
            assert bob.put("f", [b"new"], X_Expected_Entity_Length=length).status == 400
    assert bob.get("f").body == b"old"


def test_finder_finds_decomposed_what_others_wrote_composed(bob: Client) -> None:
    composed = "Grüße.txt"
    bob.put(_encode(composed), b"x")
    decomposed = unicodedata.normalize("NFD", composed)
    assert bob.get(_encode(decomposed)).body == b"x"
    assert bob.put(_encode(decomposed), b"y").status == 204
    assert names_in(bob) == {_encode(composed)}, "one file, under the name that it was given first"
    assert bob.transfer("MOVE", _encode(decomposed), "plain").status == 201


def _encode(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def test_finder_keeps_its_own_little_files(bob: Client) -> None:
    for name in ("._photo.jpg", ".DS_Store"):
        assert bob.put(name, b"\0\5\x16\7").status == 201
        assert bob.delete(name).status == 204


def test_finder_asks_for_quota(bob: Client) -> None:
    wanted = prop(D + "quota-available-bytes", D + "quota-used-bytes", D + "quota", D + "quotaused")
    found = listing(bob, "/bob/", wanted, "0").properties()
    assert int(found[D + "quota-used-bytes"].text) >= 0
    assert found[D + "quota"].status == 404


def test_finder_mounts_for_writing_because_locks_are_there(bob: Client) -> None:
    assert "2" in bob.do("OPTIONS", "/bob/").get("DAV").replace(" ", "").split(",")


def test_gvfs_walks_up_to_the_root_and_gets_sane_answers(bob: Client) -> None:
    bob.mkcol("d")
    assert Client(bob.address).do("OPTIONS", bob.path("d/")).status == 200
    path = bob.path("d/")
    while path:
        answer = bob.do("PROPFIND", path, prop(D + "resourcetype", D + "getcontentlength"), {"Depth": "1"})
        assert answer.status == 207, path
        path = path.rstrip("/").rpartition("/")[0] + "/" if path != "/" else ""


def test_gvfs_saves_over_an_etag_and_renames(bob: Client) -> None:
    etag = bob.put("f", b"x", Overwrite="T").etag
    assert bob.do("HEAD", "f", headers={"If-Match": '"other"'}).status == 412
    assert bob.do("HEAD", "f", headers={"If-Match": etag}).status == 200
    assert bob.put("f", b"y", If_Match=etag, Overwrite="T").status == 204
    assert bob.put("f", b"z", If_Match=etag, Overwrite="T").status == 412
    assert bob.transfer("MOVE", "f", "g", Overwrite="F").status == 201
    assert bob.get("g").body == b"y"
