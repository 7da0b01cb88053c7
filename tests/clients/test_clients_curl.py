"""curl: upload, resume, ranges, conditions and a redirect-free listing, as scripts do it."""

from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.support.http import Client
from tests.support.programs import needs


class Curl:
    """curl as bob; every call gives the status and what came."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.program, self.client, self.folder = needs("curl", "curl"), client, folder

    def __call__(self, path: str, *options: str) -> tuple[int, str]:
        user = f"{self.client.user}:{self.client.password}"
        printed = run(
            self.program, "-sS", "-u", user, "-w", "\n%{http_code}", *options, self.client.url(path), folder=self.folder
        )
        body, _, status = printed.rpartition("\n")
        return int(status), body


@pytest.fixture
def curl(bob: Client, tmp_path: Path) -> Curl:
    return Curl(bob, tmp_path)


def test_curl_uploads_with_and_without_a_length_and_downloads(curl: Curl, tmp_path: Path) -> None:
    content = "many lines\n" * 200_000
    (tmp_path / "f").write_text(content)
    assert curl("f", "-T", "f") == (201, "")
    assert curl("f", "-T", "f", "-H", "Transfer-Encoding: chunked") == (204, "")
    assert curl("f", "-T", "f", "-H", "Expect: 100-continue", "--expect100-timeout", "10") == (204, "")
    assert curl("f", "-o", "back") == (200, "")
    assert (tmp_path / "back").read_text() == content


def test_curl_resumes_a_download(curl: Curl, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("0123456789" * 1000)
    curl("f", "-T", "f")
    (tmp_path / "part").write_text("0123456789" * 400)
    assert curl("f", "-C", "-", "-o", "part") == (206, "")
    assert (tmp_path / "part").read_text() == "0123456789" * 1000


def test_curl_asks_only_for_what_changed(curl: Curl, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("content")
    curl("f", "-T", "f")
    curl("f", "--etag-save", "etag", "-o", "back")
    assert curl("f", "--etag-compare", "etag") == (304, "")
    curl("f", "-R", "-o", "back")
    assert curl("f", "-z", "back") == (304, "")
