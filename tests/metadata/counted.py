"""The whole application over a wire that counts how often it waits for PostgreSQL."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.cli.accounts import add_user
from davdrive.cli.wiring import make_app, make_backend, make_passwords
from davdrive.settings import load_settings
from tests.support.pg_proxy import Wire, pg_proxy

PASSWORD = "secret"
CREDENTIALS = "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
LARGE = 300_000

COLOUR = b"""<propertyupdate xmlns="DAV:"><set><prop><colour xmlns="urn:x">red</colour></prop></set></propertyupdate>"""
LOCK = b"""<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>"""


@dataclass
class Site:
    """The application over a counted wire. `headers`: of the last answer."""

    app: Any
    wire: Wire
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One request; the status and the answer."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "REQUEST_URI": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), "HTTP_AUTHORIZATION": CREDENTIALS,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }  # fmt: skip
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", None)
        status: list[int] = []

        def start(line: str, answered: list[tuple[str, str]], *_: object) -> None:
            status.append(int(line[:3]))
            self.headers = dict(answered)

        answer = b"".join(self.app(environ, start))
        return status[0], answer

    def turns(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, int]:
        """The status, and how often the request waited for the database; asked twice, so that all is prepared."""
        self.ask(method, path, body, **headers)
        before = self.wire.turns
        status, _ = self.ask(method, path, body, **headers)
        return status, self.wire.turns - before


@contextmanager
def counted_site(url: str, folder: Path, *, dressed: bool) -> Iterator[Site]:
    """A drive with some files; `dressed`: with locks and dead properties as well."""
    with pg_proxy(url) as (through, wire):
        chosen = {"DAVDRIVE_METADATA__URL": through, "DAVDRIVE_OBJECTS__URL": str(folder / "objects")}
        chosen["DAVDRIVE_AUTH__KNOWN_S"] = "600"  # once in two seconds a request asks for its user, too
        settings = load_settings({"run_dir": str(folder / "run")}, environment=chosen)
        backend = make_backend(settings)
        add_user(backend.database, make_passwords(settings), "bob", PASSWORD)
        made = Site(make_app(settings, backend), wire)
        _fill(made)
        if dressed:
            _dress(made)
        yield made
        backend.contents.close()
        backend.database.close()


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
