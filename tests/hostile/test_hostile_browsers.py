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
    policy = bob.get("", Accept="text/html").get("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy


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
