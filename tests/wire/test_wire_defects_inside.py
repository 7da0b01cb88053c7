"""Defects of stock WsgiDAV that only show from inside (WIRE §1): what happens between a check and a write."""

import base64
import io
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from wsgidav.fs_dav_provider import FilesystemProvider, FolderResource
from wsgidav.prop_man.property_manager import PropertyManager
from wsgidav.wsgidav_app import WsgiDAVApp

from davdrive.drive import proppatch
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive, open_backend
from davdrive.drive.put import PutOptions, put
from davdrive.metadata import properties
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.session import Session
from tests.support.dav import lockinfo, update
from tests.support.stock_program import config

# WsgiDAV has no types.
Files: Any = FilesystemProvider
App: Any = WsgiDAVApp
Manager: Any = PropertyManager
BODY = update(("{urn:x}colour", "red"))


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    opened = open_backend(tmp_path / "data")
    ensure_drive(opened, "box")
    put(opened, SYSTEM, DrivePath("box", ("f",)), [b"x"], PutOptions())
    yield opened
    opened.contents.close()
    opened.database.close()


def test_a_lock_is_not_granted_between_the_check_and_the_write_of_proppatch(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody asks for a lock while the property is being written: it is granted only when that has been committed."""
    path, events, asked = DrivePath("box", ("f",)), list[str](), threading.Event()
    write = properties.set_property

    def lock_meanwhile() -> None:
        asked.wait(10)
        lock(backend, Caller("alice"), path, LockRequest())
        events.append("locked")

    def write_slowly(session: Session, *arguments: Any) -> None:
        asked.set()
        asking.join(0.3)
        write(session, *arguments)
        events.append("written")

    asking = threading.Thread(target=lock_meanwhile)
    monkeypatch.setattr(proppatch, "set_property", write_slowly)
    asking.start()
    change = proppatch.PropertyChange(PropertyName("urn:x", "colour"), "<colour/>")
    proppatch.patch_properties(backend, SYSTEM, path, proppatch.PropertyPatch([change]), NO_CONDITIONS)
    asking.join(10)
    assert events == ["written", "locked"]


def test_stock_wsgidav_grants_a_lock_between_the_check_and_the_write_of_proppatch(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    events: list[str] = []
    settings = config({"/": Files(str(tmp_path))}, {"bob": "b", "alice": "a"})
    app = App({**settings, "property_manager": _LockedMeanwhile(lambda: lock_as_alice()), "verbose": 0})

    def lock_as_alice() -> None:
        with ThreadPoolExecutor(1) as pool:  # another request, of another thread
            status = pool.submit(_ask, app, "LOCK", "alice:a", lockinfo()).result()
        events.append(status)

    events.append(_ask(app, "PROPPATCH", "bob:b", BODY))
    assert events == ["200 OK", "207 Multi-Status"]


class _LockedMeanwhile(Manager):  # type: ignore[misc]
    """A property manager during whose write something else happens."""

    def __init__(self, meanwhile: Any) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def write_property(self, url: str, name: str, value: Any, dry_run: bool = False, environ: Any = None) -> Any:
        if not dry_run:
            self._meanwhile()
        return super().write_property(url, name, value, dry_run, environ)


def test_stock_wsgidav_lets_two_be_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If-None-Match: * is judged long before the file is made. (Here: `test_wire_two_processes.py`.)"""
    app = App({**config({"/": Files(str(tmp_path))}, {"bob": "b", "alice": "a"}), "verbose": 0})
    events = list[str]()
    create: Any = FolderResource.create_empty_resource

    def create_after_alice(folder: Any, name: str) -> Any:
        monkeypatch.setattr(FolderResource, "create_empty_resource", create)
        with ThreadPoolExecutor(1) as pool:
            events.append(pool.submit(_ask, app, "PUT", "alice:a", b"alice's", {"HTTP_IF_NONE_MATCH": "*"}).result())
        return create(folder, name)

    monkeypatch.setattr(FolderResource, "create_empty_resource", create_after_alice)
    events.append(_ask(app, "PUT", "bob:b", b"bob's", {"HTTP_IF_NONE_MATCH": "*"}))
    assert events == ["201 Created", "201 Created"]
    assert (tmp_path / "f").read_bytes() == b"bob's"


def _ask(app: Any, method: str, credentials: str, body: bytes, more: Mapping[str, str] | None = None) -> str:
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": "/f", "SCRIPT_NAME": "", "SERVER_NAME": "x", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "HTTP_HOST": "x", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(credentials.encode()).decode(),
        "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/xml",
        "HTTP_DEPTH": "0", **(more or {}),
    }  # fmt: skip
    answer = app(environ, lambda status, headers, exc_info=None: statuses.append(status))
    b"".join(answer)
    return statuses[0]
