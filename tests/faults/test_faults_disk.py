"""The disk full for the database and for the objects separately, with SQLite and with PostgreSQL."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.fault_rig import AWAY, FULL, all_is_well
from tests.support.dav import names_in
from tests.support.http import Answer, Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.postgres import start_postgres
from tests.support.programs import lacks, needs
from tests.support.seaweed import Seaweed

SMALL_DISK, POSTGRES_DISK = 12 << 20, 160 << 20
MIB = 1 << 20
USERS = {"bob": "bob's secret"}


@contextlib.contextmanager
def disk(size: int) -> Iterator[Path]:
    """A file system of its own with little room."""
    if os.geteuid():
        lacks("needs root, to mount a small disk")
    with tempfile.TemporaryDirectory(prefix="davdrive-disk-") as name:
        mounted = subprocess.run([needs("mount", "mount"), "-t", "tmpfs", "-o", f"size={size}", "small", name])
        if mounted.returncode:
            lacks("needs the right to mount a small disk")
        try:
            yield Path(name)
        finally:
            subprocess.run([needs("umount", "mount"), "-l", name], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on the disk; the file that takes it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def put_until_refused(client: Client, size: int, allowed: set[int]) -> tuple[dict[str, bytes], Answer]:
    """Files that were acknowledged, and the first refusal."""
    there: dict[str, bytes] = {}
    for number in range(5000):
        name, body = f"n{number}", os.urandom(size)
        answer = client.put(name, body)
        if answer.status != 201:
            assert answer.status in allowed, answer
            return there, answer
        there[name] = body
    raise AssertionError("the disk never got full")


def overwrite_until_refused(client: Client, there: dict[str, bytes], size: int) -> None:
    """Some are taken first: SQLite's log, once it is written back, is room that the database already has."""
    for name in there:
        body = os.urandom(size)
        answer = client.put(name, body)
        if answer.status == FULL:
            return
        assert answer.status == 204, answer
        there[name] = body
    raise AssertionError("a full disk never refused")


def tree_is(client: Client, there: dict[str, bytes]) -> None:
    assert names_in(client) == set(there)
    for name, body in there.items():
        assert client.get(name).body == body


@contextlib.contextmanager
def local(metadata: Path, objects: Path, folder: Path) -> Iterator[tuple[Cluster, Client]]:
    settings = {
        "DAVDRIVE_METADATA__URL": f"sqlite:///{metadata / 'davdrive.db'}",
        "DAVDRIVE_OBJECTS__URL": str(objects / "objects"),
    }
    with running_cluster(settings, folder, 1, users=USERS) as cluster:
        yield cluster, cluster.nodes[0].client()


Where = Callable[[Path, Path], tuple[Path, Path]]


@pytest.mark.parametrize(
    ("where", "size"),
    [(lambda small, large: (small, large), 30_000), (lambda small, large: (large, small), 300_000)],
    ids=["database", "objects"],
)
def test_a_full_disk_for_one_of_the_two_is_507_and_the_tree_is_right(where: Where, size: int, tmp_path: Path) -> None:
    with disk(SMALL_DISK) as small, local(*where(small, tmp_path), tmp_path) as (cluster, bob):
        there, answer = put_until_refused(bob, size, {FULL})
        assert there, "nothing was put to the test"
        assert answer.status == FULL
        tree_is(bob, there)
        ballast = fill(small)
        for _ in range(3):
            overwrite_until_refused(bob, there, size)
        tree_is(bob, there)
        ballast.unlink()
        tree_is(bob, there)
        all_is_well(cluster, "--read-data")


def test_a_full_disk_for_postgresql_is_never_a_false_success(seaweed: Seaweed, tmp_path: Path) -> None:
    """Without room for its log PostgreSQL stops and starts itself again, over and over: 503 then, and 507 before."""
    with disk(POSTGRES_DISK) as small:
        data = small / "data"
        data.mkdir()
        postgres, server = start_postgres(data)
        try:
            settings = {**store_settings(postgres.fresh(), seaweed), "DAVDRIVE_METADATA__TRIES": "3"}
            with running_cluster(settings, tmp_path, 1, users=USERS) as cluster:
                bob = cluster.nodes[0].client()
                ballast = fill(small)
                there, answer = put_until_refused(bob, 60_000, {FULL, AWAY})
                assert answer.status in (FULL, AWAY)
                ballast.unlink()
                _until_well(bob)
                tree_is(bob, there)
                assert bob.put("after", b"1").status == 201
                all_is_well(cluster, "--read-data")
        finally:
            server.cleanup()


def _until_well(client: Client) -> None:
    """PostgreSQL recovers by itself once there is room."""
    ends = time.monotonic() + 30
    while client.do("PROPFIND", "", b"", {"Depth": "0"}).status != 207:
        assert time.monotonic() < ends, "the database did not come back"
        time.sleep(0.2)
