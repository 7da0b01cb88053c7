"""tus 1.0 on the wire, step by step, and by the clients tuspy and tus-js-client."""

import base64
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.http import Answer, Client
from tests.support.peers import Peer
from tests.support.programs import lacks, needs
from tests.uploads.client_programs import run

_STREAM = "application/offset+octet-stream"
_VERSION = {"Tus-Resumable": "1.0.0"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Tus:
    """tus requests of a user into the collection of a test."""

    def __init__(self, peer: Peer, client: Client | None = None) -> None:
        self.http, self.base = client or peer.bob, f"/-/tus{peer.base}"

    def do(self, method: str, path: str, body: bytes = b"", **headers: Any) -> Answer:
        about = {**_VERSION, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.do(method, path.removeprefix(self.http.origin), body, about)

    def create(self, size: int, name: str = "file.bin", body: bytes = b"", **headers: Any) -> Answer:
        metadata = f"filename {encoded(name)},filetype {encoded('image/png')},mtime {encoded('1234567890')}"
        return self.do("POST", self.base, body, Upload_Length=size, Upload_Metadata=metadata, **headers)

    def patch(self, url: str, offset: int, body: bytes, **headers: Any) -> Answer:
        return self.do("PATCH", url, body, **{"Content_Type": _STREAM, "Upload_Offset": offset, **headers})

    def offset(self, url: str) -> int:
        answer = self.do("HEAD", url)
        assert answer.status == 200, answer
        return int(answer.get("Upload-Offset"))


def test_options_tell_what_the_server_can_without_a_password(peer: Peer) -> None:
    answer = Client(peer.server.address).do("OPTIONS", "/-/tus/bob")
    assert answer.status == 204
    assert answer.get("Tus-Version") == "1.0.0"
    assert answer.get("Tus-Extension") == "creation,creation-with-upload,checksum,termination,expiration"
    assert {"sha1", "sha256", "md5"} < set(answer.get("Tus-Checksum-Algorithm").split(","))
    assert int(answer.get("Tus-Max-Size")) == 1 << 40
    assert Client(peer.server.address).do("POST", "/-/tus/bob", headers=_VERSION).status == 401


def test_an_upload_is_created_filled_and_becomes_the_file(peer: Peer) -> None:
    tus, body = Tus(peer), os.urandom(200_000)
    created = tus.create(len(body))
    url = created.get("Location")
    assert (created.status, created.get("Tus-Resumable")) == (201, "1.0.0")
    assert url.startswith(f"{peer.server.url}/-/tus/bob/")
    assert created.get("Upload-Expires").endswith("GMT")
    head = tus.do("HEAD", url)
    assert (head.get("Upload-Offset"), head.get("Upload-Length")) == ("0", "200000")
    assert head.get("Cache-Control") == "no-store"
    assert encoded("file.bin") in head.get("Upload-Metadata")
    first = tus.patch(url, 0, body[:70_000])
    assert (first.status, first.get("Upload-Offset")) == (204, "70000")
    assert tus.patch(url, 0, body[:10]).status == 409
    assert peer.bob.get("file.bin").status == 404
    last = tus.patch(url, 70_000, body[70_000:])
    assert (last.status, last.get("Upload-Offset")) == (204, "200000")
    got = peer.bob.get("file.bin")
    assert (got.body, got.etag, got.get("Content-Type")) == (body, last.etag, "image/png")
    assert got.get("Last-Modified") == "Fri, 13 Feb 2009 23:31:30 GMT"
    # A client that never heard the last answer asks again.
    assert tus.offset(url) == 200_000
    assert tus.patch(url, 200_000, b"").status == 204
    assert tus.patch(url, 200_000, b"x").status == 409
    assert tus.do("DELETE", url).status == 409


def test_creation_with_upload_and_an_empty_file(peer: Peer) -> None:
    tus = Tus(peer)
    part = tus.create(10, body=b"01234", Content_Type=_STREAM)
    assert (part.status, part.get("Upload-Offset")) == (201, "5")
    whole = tus.create(5, "whole.bin", b"01234", Content_Type=_STREAM)
    assert (whole.status, whole.get("Upload-Offset"), whole.etag) == (201, "5", peer.bob.get("whole.bin").etag)
    assert tus.create(0, "empty.bin").status == 201
    assert peer.bob.get("empty.bin").body == b""


def test_a_wrong_checksum_is_460_and_the_bytes_are_discarded(peer: Peer) -> None:
    tus, body = Tus(peer), os.urandom(5000)
    url = tus.create(len(body)).get("Location")
    sha1 = base64.b64encode(hashlib.sha1(body).digest()).decode()
    wrong = base64.b64encode(b"0" * 20).decode()
    assert tus.patch(url, 0, body, Upload_Checksum=f"sha1 {wrong}").status == 460
    assert tus.offset(url) == 0
    for bad in ("sha1", "sha1 !", "sha1 AAAA", f"sha0 {sha1}"):
        assert tus.patch(url, 0, body, Upload_Checksum=bad).status == 400
    assert tus.patch(url, 0, body, Upload_Checksum=f"sha1 {sha1}").status == 204
    assert peer.bob.get("file.bin").body == body


def test_what_came_of_a_broken_request_stays(peer: Peer) -> None:
    tus, body = Tus(peer), os.urandom(3_000_000)
    url = tus.create(len(body)).get("Location")
    about = {**_VERSION, "Content-Type": _STREAM, "Upload-Offset": 0, "Content-Length": len(body)}
    with tus.http.connection() as connection:
        connection.send(next(iter(tus.http.message("PATCH", url.removeprefix(tus.http.origin), b"", about))))
        connection.send(body[:1_234_567])
    until, ends = 0, time.monotonic() + 20  # the server syncs what came; a busy disk may take its time
    while until != 1_234_567 and time.monotonic() < ends:
        until = tus.offset(url)
    assert until == 1_234_567
    assert tus.patch(url, until, body[until:]).status == 204
    assert peer.bob.get("file.bin").body == body


def test_an_upload_is_terminated_and_gone(peer: Peer) -> None:
    tus = Tus(peer)
    url = tus.create(10, body=b"01234", Content_Type=_STREAM).get("Location")
    assert Tus(peer, peer.alice).do("DELETE", url).status == 404
    assert tus.do("DELETE", url).status == 204
    for answer in (tus.do("HEAD", url), tus.patch(url, 5, b"56789"), tus.do("DELETE", url)):
        assert answer.status == 410
    assert tus.do("HEAD", "/-/tus/bob/neverwas").status == 404
    assert peer.bob.get("file.bin").status == 404


def test_preconditions_of_the_creation_hold_when_the_upload_completes(peer: Peer) -> None:
    tus = Tus(peer)
    url = tus.create(5, If_None_Match="*").get("Location")
    old = peer.bob.put("file.bin", b"somebody was faster")
    assert tus.patch(url, 0, b"01234").status == 412
    assert tus.offset(url) == 5
    assert tus.create(5, If_None_Match="*").status == 412
    assert tus.create(5, body=b"01234", Content_Type=_STREAM, If_Match=old.etag).status == 201
    assert peer.bob.get("file.bin").body == b"01234"


def test_a_lock_stands_in_the_way_until_it_is_gone_and_the_bytes_wait(peer: Peer) -> None:
    tus = Tus(peer)
    url = tus.create(5).get("Location")
    lock = (
        b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
        b"<D:locktype><D:write/></D:locktype></D:lockinfo>"
    )
    token = peer.alice.do("LOCK", "file.bin", lock).token
    assert tus.patch(url, 0, b"01234").status == 423
    assert tus.create(5).status == 423
    peer.alice.do("UNLOCK", "file.bin", headers={"Lock-Token": f"<{token}>"})
    assert tus.patch(url, 5, b"").status == 204
    assert peer.bob.get("file.bin").body == b"01234"


def test_what_is_malformed_is_400_and_what_is_not_there_404_or_409(peer: Peer) -> None:
    tus = Tus(peer)
    assert tus.http.do("POST", tus.base, headers={"Tus-Resumable": "0.2.2"}).status == 412
    assert tus.http.do("POST", tus.base).get("Tus-Version") == "1.0.0"
    assert tus.do("POST", tus.base, Upload_Length=5).status == 400
    assert tus.do("POST", tus.base, Upload_Length=5, Upload_Metadata="filename !").status == 400
    assert tus.do("POST", tus.base, Upload_Metadata=f"filename {encoded('x')}").status == 400
    for bad in ("-1", "five", "1" * 30):
        assert tus.create(bad).status == 400  # type: ignore[arg-type]
    assert tus.create((1 << 40) + 1).status == 413
    for name in ("a/b", "..", "nul\0"):
        assert tus.create(5, name).status == 400
    metadata = f"filename {encoded('x')}"
    assert tus.do("POST", tus.base + "/none", Upload_Length=5, Upload_Metadata=metadata).status == 409
    assert tus.do("POST", "/-/tus/alice", Upload_Length=5, Upload_Metadata=metadata).status == 404
    assert tus.do("POST", "/-/tus", Upload_Length=5, Upload_Metadata=metadata).status == 404
    url = tus.create(5).get("Location")
    assert tus.patch(url, 0, b"x", Content_Type="text/plain").status == 415
    assert tus.patch(url, 0, b"x", Upload_Offset=None).status == 400
    assert tus.patch(url, 0, b"too long").status == 400
    assert tus.do("PUT", url).status == 405
    assert (
        tus.do("POST", url, b"01234", Content_Type=_STREAM, Upload_Offset=0, X_HTTP_Method_Override="PATCH").status
        == 204
    )
    assert peer.bob.get("file.bin").body == b"01234"


def test_tuspy_uploads_in_chunks_with_checksums_and_resumes(peer: Peer, tmp_path: Path) -> None:
    tus_client = pytest.importorskip("tusclient.client", reason="needs the PyPI package tuspy")
    file = tmp_path / "from tuspy.bin"
    file.write_bytes(os.urandom(20 << 20))
    login = {"Authorization": peer.bob.headers()["Authorization"]}
    client = tus_client.TusClient(f"{peer.server.url}/-/tus{peer.base}", headers=login)
    about = {"chunk_size": 6 << 20, "metadata": {"filename": "tuspy.bin"}, "upload_checksum": True}
    with file.open("rb") as stream:
        uploader = client.uploader(file_stream=stream, **about)
        uploader.upload_chunk()
        assert uploader.offset == 6 << 20
    with file.open("rb") as stream:
        again = client.uploader(file_stream=stream, url=uploader.url, **about)
        assert again.offset == 6 << 20
        again.upload()
    assert peer.bob.get("tuspy.bin").body == file.read_bytes()


@pytest.fixture(scope="session")
def tus_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with npm's tus-js-client in it."""
    npm = needs("npm", "npm")
    needs("node", "nodejs")
    folder = tmp_path_factory.mktemp("tus-js")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "tus-js-client@4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode or not (folder / "node_modules" / "tus-js-client").is_dir():
        lacks(f"needs the npm package tus-js-client, which npm could not install: {done.stderr[-300:]}")
    return folder


_SCRIPT = """
const tus = require('tus-js-client'), fs = require('fs')
const { endpoint, file, authorization, parallel } = JSON.parse(process.argv[2])
let cut = false
const start = (previous) => {
  const upload = new tus.Upload(fs.createReadStream(file), {
    endpoint, chunkSize: 3 << 20, uploadSize: fs.statSync(file).size, retryDelays: [0, 10],
    headers: { Authorization: authorization }, uploadUrl: previous || null,
    uploadDataDuringCreation: !previous, metadata: { filename: 'from js.bin', filetype: 'application/x-test' },
    onError: (error) => { console.error(String(error)); process.exit(1) },
    onChunkComplete: (size, sent) => {
      if (cut || sent < 6 << 20) return
      cut = true
      upload.abort().then(() => start(upload.url))
    },
    onSuccess: () => console.log('done ' + cut),
  })
  upload.start()
}
start(null)
"""


def test_tus_js_client_creates_with_upload_aborts_and_resumes(peer: Peer, tus_js: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(16 << 20))
    (tus_js / "upload.cjs").write_text(_SCRIPT)
    about = {
        "endpoint": f"{peer.server.url}/-/tus{peer.base}",
        "file": str(file),
        "authorization": peer.bob.headers()["Authorization"],
    }
    printed = run(needs("node", "nodejs"), str(tus_js / "upload.cjs"), json.dumps(about), folder=tus_js)
    assert printed.strip() == "done true"
    got = peer.bob.get("from%20js.bin")
    assert got.body == file.read_bytes()
    assert got.get("Content-Type") == "application/x-test"
