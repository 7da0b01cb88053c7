"""What a browser is made to do by files, names and other sites' pages."""

import pytest

from davdrive.dav.media_types import declared_media_type, media_type_of
from tests.support.http import Client
from tests.support.serving import RunningServer

SCRIPT = b"<script>document.title='ran'</script>"
TWO_TYPES = (
    "image/png,text/html", "image/png , text/html", "image/png;a=b,text/html", 'image/png;a="b,text/html"',
    "video/mp4;,text/html", "application/json,text/html;charset=utf-7", "text/plain,*/*,image/svg+xml",
)  # fmt: skip
"""Fetch §2.2 "extract a MIME type": the last type of a list counts, and browsers split at commas in quotes too."""


@pytest.mark.parametrize("declared", TWO_TYPES)
def test_a_list_of_media_types_is_none(declared: str, bob: Client) -> None:
    """`image/png,text/html` was served inline as an image, and ran as a page with its reader's rights."""
    bob.do("PUT", "picture", SCRIPT, {"Content-Type": declared})
    answer = bob.get("picture")
    assert "," not in answer.get("Content-Type")
    assert "html" not in answer.get("Content-Type")
    assert answer.get("X-Content-Type-Options") == "nosniff"
    assert declared_media_type(declared) is None
    assert media_type_of(declared, "picture.png") == "image/png"  # one that was stored before this was known
    bob.delete("picture")


def test_a_media_type_with_parameters_stays_as_it_came(bob: Client) -> None:
    for declared in ("text/plain; charset=utf-8", 'text/plain;charset="utf-8" ; format=flowed', "a/b+c;x=1;"):
        assert declared_media_type(declared) == declared


def test_the_media_type_of_a_tus_upload_is_one_or_none(bob: Client) -> None:
    name = "filename cGljdHVyZQ==,filetype aW1hZ2UvcG5nLHRleHQvaHRtbA=="  # picture, image/png,text/html
    about = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": name}
    kind = {"Content-Type": "application/offset+octet-stream"}
    collection = bob.base.removeprefix("/")
    assert bob.do("POST", f"/-/tus/{collection}", b"x", {**about, **kind}).status == 201
    assert bob.get("picture").get("Content-Type") == "application/octet-stream"
    bob.delete("picture")


def test_no_other_sites_page_may_load_a_file_into_itself(bob: Client) -> None:
    """With the password that the browser remembers: to run a script of it, or to learn whether it is there."""
    assert bob.get("f").get("Cross-Origin-Resource-Policy") == "same-origin"
    for path in ("f", "d/", "missing", "/-/tus/bob"):
        foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
        for method in ("GET", "OPTIONS", "PUT", "POST"):
            answer = bob.do(method, path, headers=foreign)
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_no_page_of_ours_runs_anything_or_stands_in_another_page(bob: Client) -> None:
    for path in ("", "d/", "/"):
        page = bob.get(path, Accept="text/html")
        policy = page.get("Content-Security-Policy").split("; ")
        # `default-src` does not stand for the other three.
        for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            assert rule in policy
        assert "script-src" not in page.get("Content-Security-Policy")
        assert page.get("X-Content-Type-Options") == "nosniff"
        assert page.get("Referrer-Policy") == "no-referrer"
        assert page.get("Cross-Origin-Resource-Policy") == "same-origin"
        assert page.get("Cache-Control") == "no-store"
        assert page.get("Content-Type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.xhtml", "a.xml", "a.pdf", "a.png"])
def test_what_a_browser_opens_by_its_name_cannot_reach_the_drive(name: str, bob: Client) -> None:
    """SVG, HTML and XML are saved and not opened, and would be in a sandbox; a PDF's scripts are its viewer's."""
    bob.put(name, SCRIPT)
    for answer in (bob.get(name), bob.get(name, Range="bytes=0-3"), bob.do("HEAD", name)):
        assert answer.get("X-Content-Type-Options") == "nosniff"
        assert answer.get("Cross-Origin-Resource-Policy") == "same-origin"
        if answer.get("Content-Type") not in ("application/pdf", "image/png", "application/octet-stream"):
            assert answer.get("Content-Disposition") == "attachment"
            assert answer.get("Content-Security-Policy") == "sandbox; default-src 'none'"
    bob.delete(name)


SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/plain, a/b")
"""What a form, or a fetch with no-cors, may send to another site without its leave (Fetch, CORS-safelisted)."""


@pytest.mark.parametrize("site", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}])
def test_no_form_of_another_site_makes_appends_to_or_completes_an_upload(site: dict[str, str], bob: Client) -> None:
    """With the password that the browser remembers. tus wants a header that a form cannot send, and PUT and PATCH are
    no methods of a form: for both a browser asks first, and is never told yes."""
    foreign = {**site, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Cookie": "a=b"}
    collection = f"/-/tus{bob.base}"
    about = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Upload-Metadata": "filename bmV3"}
    place = bob.do("POST", collection, b"", about).get("Location").removeprefix(bob.origin)
    folder = "/remote.php/dav/uploads/bob/" + bob.base.rpartition("/")[2]
    assert bob.do("MKCOL", folder).status == 201
    assert bob.do("PUT", folder + "/1", b"x").status == 201
    before = bob.do("PROPFIND", "", b"", {"Depth": "1"}).text
    metadata = {"Upload-Length": "4", "Upload-Metadata": "filename c3RvbGVu", "Upload-Offset": "0"}
    for content_type in SIMPLE:
        kind = {"Content-Type": content_type}
        for path in (collection, collection + "/", place, "f", "d/", "", "/", folder, folder + "/1", folder + "/.file"):
            for query in ("", "?X-HTTP-Method-Override=PUT&_method=DELETE&Tus-Resumable=1.0.0"):
                assert bob.do("POST", path + query, b"name=x", {**foreign, **kind}).status >= 400
                # Not even with everything but the one header that a browser would have to ask for first.
                assert bob.do("POST", path + query, b"name", {**foreign, **kind, **metadata}).status >= 400
    for method in ("PUT", "PATCH", "DELETE", "MOVE", "MKCOL", "PROPPATCH", "LOCK", "POST"):
        for path in (collection, place, "f", "d/", folder + "/.file"):
            wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "tus-resumable"}
            asked = bob.do("OPTIONS", path, b"", {**foreign, **wanted, "Authorization": None})
            assert not [key for key, _ in asked.headers if key.lower().startswith("access-control")]
    assert bob.do("PROPFIND", "", b"", {"Depth": "1"}).text == before
    seen = bob.do("HEAD", place, b"", {"Tus-Resumable": "1.0.0"})
    assert (seen.status, seen.get("Upload-Offset")) == (200, "0")
    assert bob.do("DELETE", folder).status == 204
    assert bob.do("DELETE", place, b"", {"Tus-Resumable": "1.0.0"}).status == 204


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_any_page_may_ask_for_changes_nothing(method: str, bob: Client) -> None:
    """An image, a link, a script: GET and HEAD with any query write nowhere, not even a lock or a time."""
    before = bob.do("PROPFIND", "", b"", {"Depth": "1"}).text
    for path in ("f", "d/", "", "missing"):
        for query in ("?_method=DELETE", "?method=PUT", "?X-HTTP-Method-Override=DELETE", "?delete", "?action=delete"):
            override = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT", "X-HTTP-Method": "DELETE"}
            bob.do(method, path + query, b"", override)
    assert bob.do("PROPFIND", "", b"", {"Depth": "1"}).text == before


def test_a_coded_body_is_kept_as_it_came_and_never_blown_up(server: RunningServer, bob: Client) -> None:
    """Nothing here decompresses, so there is no bomb to defuse: the bytes are the file."""
    import gzip

    bomb = gzip.compress(bytes(64 << 20))
    server.forget_peak()
    before = server.rss_bytes()
    assert bob.do("PUT", "bomb", bomb, {"Content-Encoding": "gzip"}).status == 201
    assert bob.get("bomb").body == bomb
    assert bob.do("PROPFIND", "f", bomb, {"Content-Encoding": "gzip", "Depth": "0"}).status == 400
    assert server.peak_rss_bytes() - before < 32 << 20
    bob.delete("bomb")
