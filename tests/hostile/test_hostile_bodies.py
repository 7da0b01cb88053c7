"""Bodies and headers that are bombs, and files that a browser would run."""

from collections.abc import Callable

import pytest

from tests.hostile.fuzzing import LONGEST_S, timed
from tests.support.dav import lockinfo
from tests.support.http import Answer, Client
from tests.support.serving import RunningServer

MOST_MORE_BYTES = 64 << 20
HASHING_BYTES = 64 << 20
"""A password that is not known costs the memory of its hash, which is the point of Argon2: a bounded number at once."""

XML_METHODS = ("PROPFIND", "PROPPATCH", "LOCK", "MKCOL", "REPORT", "SEARCH", "ACL")
_XXE = '<!DOCTYPE r [<!ENTITY x SYSTEM "{}">]>'
_NAMES = "<D:propfind xmlns:D='DAV:'><D:prop>{}</D:prop></D:propfind>"
DOCUMENTS: dict[str, bytes] = {
    "an external entity, a file": (_XXE.format("file:///etc/passwd") + _NAMES.format("<D:a>&x;</D:a>")).encode(),
    "an external entity, a URL": (_XXE.format("http://127.0.0.1:9/x") + _NAMES.format("<D:a>&x;</D:a>")).encode(),
    "an external document type": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
    "a parameter entity": b'<!DOCTYPE r [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><r/>',
    "a billion laughs": b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><r>&j;</r>",
    "a quadratic blowup": b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 50_000 + b'">]><r>' + b"&a;" * 20_000 + b"</r>",
    "a hundred thousand attributes": b"<r " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>",
    "a hundred thousand namespaces": b"<r " + b" ".join(b'xmlns:a%d="urn:%d"' % (n, n) for n in range(50_000)) + b"/>",
    "a depth of a hundred thousand": b"<a>" * 100_000 + b"</a>" * 100_000,
    "a width of a hundred thousand": b"<r>" + b"<a/>" * 100_000 + b"</r>",
    "a width of a hundred thousand properties": _NAMES.format("<a/>" * 100_000).encode(),
    "a name of a megabyte": b"<" + b"a" * 1_000_000 + b"/>",
    "an encoding that nobody knows": b"<?xml version='1.0' encoding='utf-7'?><r/>",
    "UTF-16 with a byte order mark": "<r>&#0;</r>".encode("utf-16"),
    "a NUL": b"<r>\x00</r>",
    "not XML": b"\xff\xfe\x00 not xml",
    "half of a document": b"<D:propfind xmlns:D='DAV:'><D:prop>",
    "a processing instruction bomb": b"<?a?>" * 100_000 + b"<r/>",
    "a comment of a megabyte": b"<!--" + b"a" * 1_000_000 + b"--><r/>",
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("method", XML_METHODS)
def test_no_document_costs_time_memory_or_secrets(method: str, name: str, server: RunningServer, bob: Client) -> None:
    server.forget_peak()
    before = server.rss_bytes()
    place = "new" if method == "MKCOL" else "f"
    headers = {"Depth": "0", "Content-Type": "application/xml"}
    answer, took = timed(lambda: bob.do(method, place, DOCUMENTS[name], headers))
    more = server.peak_rss_bytes() - before
    assert answer.status < 500 or answer.status == 501, answer.text[:300]
    assert b"root:" not in answer.body
    assert took < LONGEST_S, f"{took:.2f} s"
    assert more < MOST_MORE_BYTES, f"{more >> 20} MiB more"


HEADERS: dict[str, tuple[str, ...]] = {
    "Range": (
        "bytes=" + ",".join("0-0" for _ in range(2000)),
        "bytes=" + ",".join(f"{n}-" for n in range(1000)),
        "bytes=" + ",".join(f"-{n}" for n in range(1, 1000)),
        "bytes=0-18446744073709551615", "bytes=99999999999999999999999-", "bytes=-0", "bytes=5-4", "bytes=a-b",
        "bytes=" + "9" * 5000 + "-", "lines=1-2", "bytes=", "bytes=0-,0-,0-,0-,0-,0-,0-,0-",
    ),
    "If": (
        "(" * 4000, "<" * 4000, "(<a>" * 1500, "(Not " * 1500, '(["' * 1500, "(<urn:uuid:1>) " * 600, "()", "(Not)",
        "<http://[> (<a>)", "<//> (<a>)", "<http://h:99999999/x> (<a>)", '(["' + "e" * 7000 + '"])', "(<a> [", "[]",
    ),
    "Destination": (
        "http://", "//", "http://[::1", "http://a:b:c/", "/%", "/%zz", "/%00", "http://h:-1/x", "http://h:99999/x", "",
        "javascript:alert(1)", "file:///etc/passwd", "http://user:pass@evil.example/bob/x", "/bob/x\\..\\y", "\t",
        "http://127.0.0.1@evil.example/x", "/" * 7000, "/bob/" + "a/" * 3000,
    ),
    "Depth": ("2", "-1", "infinity, 0", "0" * 7000, "1e9", "\u0664", "0x1", "1,noroot", ""),
    "Timeout": (
        "Second-" + "9" * 7000, "Second--1", "Second-1.5", "Infinite, " * 700, "Second-4100000000", "-", "second-60",
        "Second-\u0663",
    ),
    "Overwrite": ("X", "TT", "", "T" * 7000),
    "If-Match": ("*, *", '"' * 4000, 'W/"' * 2000, "," * 7000, '"a", ' * 1000, "nonsense"),
    "If-None-Match": ("*" * 7000, '"a' * 2000, ", , ,"),
    "If-Modified-Since": ("9" * 4000, "Thu, 01 Jan 1970 00:00:00 GMT" * 100, "Mon, 31 Feb 2024 99:99:99 GMT", "0"),
    "If-Unmodified-Since": ("-1", "Thu, 01 Jan 99999 00:00:00 GMT"),
    "If-Range": ('W/"x"', "x" * 7000),
    "Lock-Token": ("<" * 4000, "", "<>", "<urn:uuid:1> <urn:uuid:2>", "urn:uuid:1"),
    "OC-Checksum": ("SHA1:", "SHA1:" + "z" * 40, "NONE:1", ":" * 4000, "SHA1:" * 1000),
    "X-OC-Mtime": ("9" * 400, "-9" * 100, "nan", "inf", "1e400", "0x1", "1_000"),
    "Content-Type": ("text/html; " * 600, "a" * 7000, "text/html\x0bx", "multipart/byteranges"),
    "Content-Range": ("bytes 0-0/1", "bytes */*", "bytes 9-1/2"),
    "X-Update-Range": ("bytes=9999999999999999999999-", "append append", "bytes=--1"),
    "Authorization": ("Basic", "Basic !!!", "Basic " + "A" * 7000, "Basic Og==", "Bearer", "Digest " + "a=" * 3000),
    "X-Forwarded-For": ("1.2.3.4, " * 700, "::1%eth0", "a" * 7000, "[", "127.0.0.1:99999999"),
    "X-Forwarded-Host": ("evil.example", "[::", "a" * 7000),
    "X-Forwarded-Proto": ("javascript", "https, http"),
    "Want-Repr-Digest": ("sha-256=" + "9" * 4000, "sha-256;q=" * 500),
    "Accept-Encoding": ("gzip;q=" * 900, "identity;q=0, *;q=0"),
    "Expect": ("200-maybe", "100-continue, 100-continue"),
    "Cookie": ("a=b; " * 1400,),
    "Tus-Resumable": ("9.9.9",),
    "Upload-Offset": ("-1", "9" * 5000),
    "Upload-Metadata": ("filename " + "!" * 5000, "," * 7000, "filename Li4vLi4vZXRjL3Bhc3N3ZA=="),
}  # fmt: skip
METHODS = ("GET", "PUT", "PROPFIND", "LOCK", "COPY", "MOVE", "DELETE", "UNLOCK", "PATCH", "MKCOL", "OPTIONS", "POST")


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_breaks_the_server(name: str, server: RunningServer, bob: Client) -> None:
    server.forget_peak()
    before = server.rss_bytes()
    for value in HEADERS[name]:
        for method in METHODS:
            place = "new" if method in ("MKCOL", "PUT") else "f"
            headers = {"Destination": bob.url("copy"), name: value}
            answer, took = timed(_request(bob, method, place, headers))
            assert answer.status < 500 or answer.status in (501, 502, 505), (
                method,
                name,
                value[:80],
                answer.text[:300],
            )
            assert took < LONGEST_S, (method, name, value[:80], took)
            if method in ("DELETE", "MOVE", "LOCK") or answer.status in (201, 204):
                _put_back(bob)
    hashing = HASHING_BYTES if name == "Authorization" else 0
    assert server.peak_rss_bytes() - before < MOST_MORE_BYTES + hashing


def _request(bob: Client, method: str, place: str, headers: dict[str, str]) -> Callable[[], Answer]:
    return lambda: bob.do(method, place, lockinfo() if method == "LOCK" else b"", headers)


def _put_back(bob: Client) -> None:
    for name in ("new", "copy", "f"):
        bob.delete(name)
    bob.put("f", b"bob's own words")


def test_a_range_bomb_answers_no_more_than_a_few_times_the_file(bob: Client) -> None:
    bob.put("big", b"x" * 1_000_000)
    answer = bob.get("big", Range="bytes=" + ",".join("0-" for _ in range(1000)))
    assert len(answer.body) < 6_000_000
    bob.delete("big")


RUNNABLE = tuple("page." + each for each in ("html", "htm", "xhtml", "svg", "xml", "js", "shtml", "mht", "xsl", "swf"))


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_file_that_a_browser_would_run_does_not_run_here(name: str, bob: Client) -> None:
    for content_type in (None, "text/html", "image/svg+xml", "text/html;charset=utf-7", "TEXT/HTML"):
        bob.do("PUT", name, b"<script>alert(document.domain)</script>", {"Content-Type": content_type})
        answer = bob.get(name, Accept="text/html")
        assert answer.get("X-Content-Type-Options") == "nosniff"
        guarded = "sandbox" in answer.get("Content-Security-Policy") or answer.get("Content-Disposition").startswith(
            "attachment"
        )
        harmless = answer.get("Content-Type").split(";")[0].strip() in ("text/plain", "application/octet-stream")
        assert guarded or harmless, answer.headers
    bob.delete(name)


def test_a_name_cannot_write_markup_into_a_page_an_error_or_a_listing(bob: Client) -> None:
    name = "%3Cimg%20src=x%20onerror=alert(1)%3E"
    for body in (bob.put(name, b"x").body, bob.get("", Accept="text/html").body, bob.do("PROPFIND", "").body):
        assert b"<img" not in body
    for path in (name + "/missing", "missing" + name):
        for accept in ("text/html", "*/*"):
            assert b"<img" not in bob.get(path, Accept=accept).body
    bob.delete(name)


def test_no_value_of_ours_breaks_out_of_a_header(bob: Client) -> None:
    """A type or name with a line break in it must not make a header of its own (response splitting)."""
    bob.put("split", b"x", **{"Content-Type": 'text/plain; a="b\tc"'})
    answer = bob.get("split")
    assert answer.get("Set-Cookie") == ""
    moved = bob.do("MOVE", "split", headers={"Destination": bob.url("split%0d%0aSet-Cookie:%20a=b")})
    assert moved.status == 400
    assert moved.get("Set-Cookie") == ""
    bob.delete("split")
