"""How often a request waits for PostgreSQL: GET and PROPFIND at most twice, counted on the wire."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from davdrive.cli.accounts import add_user
from davdrive.cli.wiring import make_app, make_backend, make_passwords
from davdrive.settings import load_settings
from tests.support.pg_proxy import Wire, pg_proxy
from tests.support.postgres import Postgres

PASSWORD = "secret"
CREDENTIALS = "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
MOST = 2
LARGE = 300_000

NAMED = b"""<propfind xmlns="DAV:"><prop><resourcetype/><getetag/><checksums xmlns="http://owncloud.org/ns"/>
    <lockdiscovery/><colour xmlns="urn:x"/></prop></propfind>"""
COLOUR = b"""<propertyupdate xmlns="DAV:"><set><prop><colour xmlns="urn:x">red</colour></prop></set></propertyupdate>"""
LOCK = b"""<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>"""


@dataclass
class Site:
    """The application over a counted wire."""

    app: Any
    wire: Wire

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One request; the status and the answer."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "REQUEST_URI": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), "HTTP_AUTHORIZATION": CREDENTIALS,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }  # fmt: skip
        status: list[int] = []
        blocks = self.app(environ, lambda line, *_: status.append(int(line[:3])))
        answer = b"".join(blocks)
        return status[0], answer

    def turns(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, int]:
        """The status, and how often the request waited for the database; asked twice, so that all is prepared."""
        self.ask(method, path, body, **headers)
        before = self.wire.turns
        status, _ = self.ask(method, path, body, **headers)
        return status, self.wire.turns - before


@pytest.fixture(scope="module", params=["plain", "dressed"])
def site(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A drive with some files; `dressed`: with locks and dead properties as well."""
    folder = tmp_path_factory.mktemp("counted")
    url = postgres.fresh()
    with pg_proxy(url) as (through, wire):
        chosen = {"DAVDRIVE_METADATA__URL": through, "DAVDRIVE_OBJECTS__URL": str(folder / "objects")}
        chosen["DAVDRIVE_AUTH__KNOWN_S"] = "600"  # once in two seconds a request asks for its user, too
        settings = load_settings({"run_dir": str(folder / "run")}, environment=chosen)
        backend = make_backend(settings)
        add_user(backend.database, make_passwords(settings), "bob", PASSWORD)
        made = Site(make_app(settings, backend), wire)
        _fill(made)
        if request.param == "dressed":
            _dress(made)
        yield made
        backend.contents.close()
        backend.database.close()
    postgres.drop(url)


def _dress(site: Site) -> None:
    assert site.ask("PROPPATCH", "/bob/dressed/a", COLOUR)[0] == 207
    assert site.ask("PROPPATCH", "/bob/dressed/", COLOUR)[0] == 207
    assert site.ask("LOCK", "/bob/dressed/", LOCK)[0] == 200


def _fill(site: Site) -> None:
    for path in ("/bob/empty/", "/bob/some/", "/bob/dressed/", "/bob/dressed/deep/"):
        assert site.ask("MKCOL", path)[0] == 201
    for path in ("/bob/small", "/bob/some/a", "/bob/some/b", "/bob/dressed/a", "/bob/dressed/deep/b"):
        assert site.ask("PUT", path, b"data")[0] == 201
    assert site.ask("PUT", "/bob/large", bytes(LARGE))[0] == 201


READS = [
    ("GET", "/bob/small", {}),
    ("GET", "/bob/dressed/deep/b", {}),
    ("GET", "/bob/large", {}),
    ("GET", "/bob/large", {"range": "bytes=5-9"}),
    ("HEAD", "/bob/large", {}),
    ("GET", "/bob/nothing", {}),
    ("GET", "/bob/small", {"if_none_match": "*"}),
    ("PROPFIND", "/bob/", {"depth": "0"}),
    ("PROPFIND", "/bob/small", {"depth": "0"}),
    ("PROPFIND", "/bob/nothing/at/all", {"depth": "0"}),
    ("PROPFIND", "/", {"depth": "1"}),
    ("PROPFIND", "/bob/", {"depth": "1"}),
    ("PROPFIND", "/bob/some/", {"depth": "1"}),
    ("PROPFIND", "/bob/empty/", {"depth": "1"}),
    ("PROPFIND", "/bob/dressed/", {"depth": "1"}),
    ("PROPFIND", "/bob/dressed/a", {"depth": "0"}),
]


@pytest.mark.parametrize("body", [b"", NAMED], ids=["allprop", "named"])
@pytest.mark.parametrize(("method", "path", "headers"), READS, ids=lambda value: str(value))
def test_a_read_waits_for_the_database_twice_at_most(
    site: Site, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    status, turns = site.turns(method, path, body if method == "PROPFIND" else b"", **headers)
    assert status in (200, 206, 207, 304, 404)
    assert 1 <= turns <= MOST


WRITES: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("PUT", "/bob/small", b"new", {}, 6),
    ("PUT", "/bob/large", bytes(LARGE), {}, 9),  # it looks ahead before it asks for the body
    ("PROPPATCH", "/bob/small", COLOUR, {}, 7),
    ("MKCOL", "/bob/small", b"", {}, 4),
    ("DELETE", "/bob/nothing", b"", {}, 4),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "most"), WRITES, ids=lambda value: str(value)[:12])
def test_a_change_waits_for_what_it_has_to_know_and_for_its_commit(
    site: Site, method: str, path: str, body: bytes, headers: dict[str, str], most: int
) -> None:
    status, turns = site.turns(method, path, body, **headers)
    assert status in (201, 204, 207, 404, 405)
    assert turns <= most
