"""A full disk and a store that is away: 507 and 503 with a sentence, old content stays, and all is well afterwards."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.commands import davdrive
from tests.support.dav import element_in, locked, sentence_of, unchanged, update
from tests.support.http import Answer, Body, Client
from tests.support.programs import lacks, needs
from tests.support.s3_proxy import s3_proxy
from tests.support.seaweed import Seaweed
from tests.support.serving import running_server

USERS = {"bob": "bob's secret"}
DISK_BYTES = 12 << 20
SMALL, LARGE = b"s" * 1_000, b"L" * 1_500_000


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    if os.geteuid():
        lacks("needs root, to mount a small disk")
    mount, unmount = needs("mount", "mount"), needs("umount", "mount")
    folder.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "small", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run([unmount, "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on the disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return ballast


def is_full(answer: Answer) -> None:
    assert answer.status == 507, answer
    assert element_in(answer, "sufficient-disk-space")
    assert len(sentence_of(answer).split()) > 3


def test_a_full_disk_refuses_every_change_and_keeps_every_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, running_server(disk / "data", USERS) as server:
        bob = server.client()
        bob.put("small", SMALL)
        bob.put("large", LARGE)
        token = locked(bob, "small")
        with unchanged(bob):
            is_full(bob.put("huge", b"x" * DISK_BYTES))
        ballast = fill(disk)
        with unchanged(bob):
            is_full(until_full(bob))
            is_full(bob.put("large", LARGE[::-1]))
            is_full(bob.put("large", [LARGE[::-1]]))
            for answer in (
                bob.mkcol("d" * 200),
                bob.do("PROPPATCH", "large", update(("{urn:x}a", "1" * 60_000))),
                bob.transfer("COPY", "large", "copied"),
            ):
                assert answer.status in (201, 207, 507), answer
                if answer.status == 201:
                    bob.delete("copied")
                    bob.delete("d" * 200)
            assert bob.get("large").body == LARGE
            assert bob.get("small").body == SMALL
        ballast.unlink()
        assert bob.put("large", LARGE[::-1]).status == 204
        assert bob.put("small", b"again", If=f"(<{token}>)").status == 204
        checked = davdrive("check", "--read-data", data_dir=server.data_dir, check=False)
        assert checked.returncode == 0, checked.stdout


def until_full(client: Client) -> Answer:
    """The first refusal of many small files; those that found room still are removed again."""
    for number in range(3_000):
        answer = client.put(f"more{number}", SMALL)
        if answer.status != 201:
            return answer
        assert client.delete(f"more{number}").status in (204, 507)
    raise AssertionError("the disk never got full")


def test_objects_that_are_not_there_are_503_and_everything_else_goes_on(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", USERS) as server:
        bob = server.client()
        bob.put("small", SMALL)
        bob.put("large", LARGE)
        objects, hidden = server.data_dir / "objects", server.data_dir / "hidden"
        objects.rename(hidden)
        objects.write_bytes(b"no folder any more")
        with unchanged(bob):
            is_away(bob.get("large"))
            assert bob.do("HEAD", "large").status == 200
            assert bob.get("small").body == SMALL, "what is kept with the metadata is there"
        objects.unlink()
        hidden.rename(objects)
        assert bob.get("large").body == LARGE
        for each in objects.rglob("*"):
            if each.is_file():
                each.unlink()
        is_away(bob.get("large"))
        is_away(bob.get("large", Range="bytes=5-9"))
        assert bob.put("large", LARGE[::-1]).status == 204
        assert bob.get("large").body == LARGE[::-1]


def is_away(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert int(answer.get("Retry-After")) > 0
    assert len(sentence_of(answer).split()) > 3


def test_an_s3_store_that_is_away_refuses_large_files_and_loses_nothing(seaweed: Seaweed, tmp_path: Path) -> None:
    with s3_proxy(seaweed.endpoint_url) as (endpoint, faults):
        settings = {
            **seaweed.environment(),
            "DAVDRIVE_OBJECTS__URL": seaweed.url(),
            "DAVDRIVE_OBJECTS__ENDPOINT_URL": endpoint,
            "DAVDRIVE_OBJECTS__TRIES": "2",
        }
        with running_server(tmp_path / "data", USERS, settings=settings) as server:
            bob = server.client()
            assert bob.put("small", SMALL).status == 201
            assert bob.put("large", LARGE).status == 201
            bodies: list[tuple[str, str, Body]] = [
                ("PUT", "large", LARGE[::-1]), ("PUT", "new", [LARGE]), ("GET", "large", b""),
            ]  # fmt: skip
            for method, path, body in bodies:
                with unchanged(bob):
                    faults.plan("reset", method, times=1000)
                    is_away(bob.do(method, path, body))
                    faults.plan("reset", method, times=0)
            assert bob.get("small").body == SMALL
            assert bob.get("large").body == LARGE
            assert bob.put("large", LARGE[::-1]).status == 204
            assert bob.get("large").body == LARGE[::-1]
