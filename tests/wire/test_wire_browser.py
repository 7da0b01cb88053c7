"""Browsers: a safe page for a collection, and no file that could run in the drive's name."""

from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from tests.support.http import Client

NASTY = ["<script>alert(1)<", '"onmouseover="x', "'><img src=x onerror=alert(1)>", "javascript:alert(1)", "&lt;b&gt;"]


class Page(HTMLParser):
    """Links and texts of a page, and every tag and attribute in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_collection_is_a_page_whose_names_are_only_text(bob: Client) -> None:
    for name in NASTY:
        assert bob.put(quote(name, safe=""), b"x").status == 201
    answer = bob.get("", Accept="text/html,application/xhtml+xml")
    assert answer.status == 200
    assert answer.get("Content-Type") == "text/html; charset=utf-8"
    assert answer.get("X-Content-Type-Options") == "nosniff"
    policy = answer.get("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy
    page = Page(answer.text)
    assert page.tags.isdisjoint({"script", "img", "iframe", "object", "form"})
    assert not [each for each in page.attributes if each.startswith("on")]
    assert {*NASTY} <= set(page.texts)
    assert not [each for each in page.links if each.lower().startswith("javascript")]
    files = [each for each in page.links if each.startswith(bob.base)]
    assert [bob.do("GET", each).body for each in files] == [b"x"] * len(NASTY)


def test_the_list_of_drives_is_a_page(bob: Client) -> None:
    answer = bob.do("GET", "/", headers={"Accept": "text/html"})
    assert answer.status == 200
    assert "/bob/" in Page(answer.text).links


def test_a_collection_without_its_slash_still_has_links_that_work(bob: Client) -> None:
    bob.mkcol("d")
    bob.put("d/f", b"x")
    answer = bob.get("d", Accept="text/html")
    assert answer.status in (200, 301, 302, 307, 308)
    if answer.status == 200:
        assert bob.path("d/f") in Page(answer.text).links
    else:
        assert answer.get("Location").endswith("/d/")


RUNS = {
    "page.html": "text/html", "page.xhtml": "application/xhtml+xml", "drawing.svg": "image/svg+xml",
    "old.htm": "text/html", "feed.xml": "text/xml", "code.js": "text/javascript", "page.mht": "multipart/related",
    "x.webmanifest": "text/xsl",
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_file_that_a_browser_could_run_is_an_attachment_in_a_sandbox(name: str, bob: Client) -> None:
    for declared in (None, RUNS[name]):
        headers = {"Content-Type": declared} if declared else {}
        bob.do("PUT", name, b"<script>alert(1)</script>", headers)
        answer = bob.get(name)
        assert answer.get("X-Content-Type-Options") == "nosniff"
        if answer.get("Content-Type") == "application/octet-stream":
            continue  # which is shown by no browser
        assert "sandbox" in answer.get("Content-Security-Policy")
        assert answer.get("Content-Disposition").startswith("attachment")


def test_a_picture_that_says_it_is_html_runs_nowhere_and_a_real_one_is_shown(bob: Client) -> None:
    bob.put("evil.png", b"<script>", Content_Type="text/html")
    assert bob.get("evil.png").get("Content-Disposition").startswith("attachment")
    bob.put("good.png", b"\x89PNG")
    answer = bob.get("good.png")
    assert answer.get("Content-Type") == "image/png"
    assert answer.get("Content-Disposition") == ""
    assert answer.get("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize(
    "declared", ['text/html; charset="x', "text/html\x01", "a" * 5000, "text", "TEXT/HTML", " text/html"]
)
def test_an_odd_content_type_can_neither_break_the_answer_nor_run(declared: str, bob: Client) -> None:
    put = bob.put("odd.bin", b"<script>", Content_Type=declared)
    if put.status == 400:
        return
    answer = bob.get("odd.bin")
    assert answer.status == 200
    assert (
        answer.get("Content-Disposition").startswith("attachment")
        or answer.get("Content-Type") == "application/octet-stream"
    )


def test_an_error_page_shows_a_name_as_text(bob: Client) -> None:
    answer = bob.get(quote("<script>alert(1)</script>"))
    assert answer.status == 404
    assert "<script>" not in answer.text
    assert answer.get("Content-Type").startswith(("application/xml", "text/plain"))
