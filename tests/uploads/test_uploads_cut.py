"""Uploads that are cut ten times at random and end byte-equal: the client killed, the connection reset, the server
killed with -9. On SQLite with local objects, and on PostgreSQL with S3."""

import hashlib
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from davdrive.auth.passwords import HashCost, Passwords
from davdrive.cli.accounts import add_user
from davdrive.cli.wiring import make_backend
from davdrive.drive.backend import Backend
from davdrive.metadata.statement import Statement
from davdrive.settings import load_settings
from davdrive.upkeep.options import UpkeepOptions
from davdrive.upkeep.rounds import run_round
from tests.support.http import Client
from tests.support.serving import USERS, RunningServer, start_server
from tests.uploads.cutting import Cut, CuttingProxy

SIZE = int(os.environ.get("DAVDRIVE_TEST_UPLOAD_MIB", "32")) << 20
CUTS = 10
PAUSE_S, MOST_FAILURES = 0.1, 600  # a minute in all: a killed server takes some seconds to come back
CHUNK = 5 << 20
UPLOADS, FILES = "/remote.php/dav/uploads/bob", "/remote.php/dav/files/bob"
_NAMED = Statement("SELECT object_key FROM segments UNION SELECT object_key FROM parts")
_DOOMED = Statement("SELECT object_key FROM doomed")


@dataclass
class Machine:
    """A server that can be killed and comes back, and what it stores in."""

    data_dir: Path
    settings: dict[str, str]
    server: RunningServer = field(init=False)

    def start(self) -> None:
        self.server = start_server(self.data_dir, USERS, settings=self.settings)

    def kill_and_restart(self) -> None:
        self.server.kill()
        self.start()

    def backend(self) -> Backend:
        """The same drive, opened by the test; the settings are in this process's environment too."""
        return make_backend(load_settings({"data_dir": str(self.data_dir)}, ()))


@pytest.fixture(params=["sqlite and local objects", "postgresql and s3"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    settings = {"DAVDRIVE_UPKEEP__IN_BACKGROUND": "false"}
    if request.param != "sqlite and local objects":
        seaweed = request.getfixturevalue("seaweed")
        settings |= {
            "DAVDRIVE_METADATA__URL": request.getfixturevalue("postgres_url"),
            "DAVDRIVE_OBJECTS__URL": seaweed.url(),
            "DAVDRIVE_OBJECTS__ENDPOINT_URL": seaweed.endpoint_url,
            **seaweed.environment(),
        }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    made = Machine(tmp_path / "data", settings)
    made.data_dir.mkdir()
    backend = made.backend()
    add_user(backend.database, Passwords(HashCost(8, 1)), "bob", USERS["bob"])
    backend.contents.close()
    backend.database.close()
    made.start()
    yield made
    made.server.stop()
    assert "Traceback" not in made.server.log()


@pytest.fixture
def body() -> bytes:
    source = random.Random(4711)
    return b"".join(source.randbytes(1 << 20) for _ in range(SIZE >> 20))


def proxy_of(machine: Machine, seed: int) -> CuttingProxy:
    """A proxy that cuts ten times on the way; every fifth cut kills the server, the others the client or the line."""
    rng = random.Random(seed)
    proxy = CuttingProxy(machine.server.address, [])

    def kill() -> None:
        machine.kill_and_restart()
        proxy.upstream = machine.server.address

    places = sorted(rng.randrange(1, SIZE) for _ in range(CUTS))
    for at, place in enumerate(places):
        proxy.cuts.append(Cut(place, "reset", kill) if at % 5 == 4 else Cut(place, ("reset", "close")[at % 2]))
    return proxy


def check_end(machine: Machine, body: bytes) -> None:
    """The file is whole, and after upkeep nothing is stored but what rows name."""
    got = machine.server.client().get("file.bin")
    assert hashlib.sha256(got.body).digest() == hashlib.sha256(body).digest()
    machine.server.stop()
    backend = machine.backend()
    time.sleep(1.1)  # S3 tells the age of an object in seconds
    run_round(backend, UpkeepOptions(request_s=0, grace_s=0, sweep_age_s=0, sweep_interval_s=0), whole=True, wait_s=5)

    def keys(statement: Statement) -> set[str]:
        return {row[0] for row in backend.database.read(lambda session: session.rows(statement))}

    left = {each.key for each in backend.contents.store.list()}
    assert left - keys(_DOOMED) == keys(_NAMED) - {""}
    backend.contents.close()
    backend.database.close()


def test_an_upload_by_tuspy_cut_ten_times_ends_byte_equal(machine: Machine, body: bytes, tmp_path: Path) -> None:
    tus_client = pytest.importorskip("tusclient.client", reason="needs the PyPI package tuspy")
    from tusclient.exceptions import TusCommunicationError

    (tmp_path / "file").write_bytes(body)
    login = {"Authorization": machine.server.client().headers()["Authorization"]}
    url, failures = None, 0
    with proxy_of(machine, seed=1) as proxy, (tmp_path / "file").open("rb") as stream:
        client = tus_client.TusClient(f"http://127.0.0.1:{proxy.address[1]}/-/tus/bob", headers=login)
        while failures < MOST_FAILURES:
            try:
                uploader = client.uploader(file_stream=stream, url=url, metadata={"filename": "file.bin"})
                url = url or uploader.create_url()
                uploader.set_url(url)
                uploader.offset = uploader.get_offset()
                uploader.upload()
                break
            except (TusCommunicationError, OSError):
                failures += 1
                time.sleep(PAUSE_S)
    assert proxy.done == CUTS
    check_end(machine, body)


class Resuming:
    """Nextcloud chunks as a client sends them that looks what is there after each failure."""

    def __init__(self, http: Client, body: bytes) -> None:
        self.http, self.body = http, body
        self.chunks = {at // CHUNK + 1: body[at : at + CHUNK] for at in range(0, len(body), CHUNK)}

    def attempt(self) -> bool:
        """Go on from what is there; whether the file is whole."""
        try:
            return self._attempt()
        except (OSError, ConnectionError):
            return False

    def _attempt(self) -> bool:
        if self.http.do("PROPFIND", f"{UPLOADS}/7", headers={"Depth": "0"}).status == 404:
            self.http.do("MKCOL", f"{UPLOADS}/7", headers={"OC-Total-Length": len(self.body)})
        there = self._there()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._send, [number for number in self.chunks if number not in there]))
        if self._there() != set(self.chunks):
            return False
        about = {"Destination": f"{FILES}/file.bin", "OC-Checksum": f"SHA1:{hashlib.sha1(self.body).hexdigest()}"}
        return self.http.do("MOVE", f"{UPLOADS}/7/.file", headers=about).status in (201, 204)

    def _there(self) -> set[int]:
        answer = self.http.do("PROPFIND", f"{UPLOADS}/7", headers={"Depth": "1"})
        found = [(each.findtext("{DAV:}href") or "").rpartition("/")[2] for each in answer.xml]
        return {int(name) for name in found if name}

    def _send(self, number: int) -> Any:
        try:
            return self.http.do("PUT", f"{UPLOADS}/7/{number:05d}", self.chunks[number])
        except OSError:
            return None


def test_an_upload_in_nextcloud_chunks_cut_ten_times_ends_byte_equal(machine: Machine, body: bytes) -> None:
    with proxy_of(machine, seed=2) as proxy:
        bob = Client(proxy.address, "bob", USERS["bob"])
        upload, attempts = Resuming(bob, body), 0
        while not upload.attempt():
            attempts += 1
            assert attempts < MOST_FAILURES
            time.sleep(PAUSE_S)
    assert proxy.done == CUTS
    check_end(machine, body)
