"""A node killed while a body arrives: what was there stays, and what was stored for nothing goes."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault_rig import TIDY, all_is_well, objects_in, tidy_up
from tests.support.dav import names_in
from tests.support.http import Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed

SEGMENT = 1 << 20


@pytest.fixture
def pair(postgres: Postgres, seaweed: Seaweed, tmp_path: Path) -> Iterator[Cluster]:
    url = postgres.fresh()
    settings = {**store_settings(url, seaweed), **TIDY, "DAVDRIVE_OBJECTS__SEGMENT_BYTES": str(SEGMENT)}
    with running_cluster(settings, tmp_path, 2) as cluster:
        yield cluster
    postgres.drop(url)


def test_a_node_killed_in_mid_upload_leaves_the_old_file_and_nothing_that_upkeep_does_not_find(
    pair: Cluster, seaweed: Seaweed
) -> None:
    doomed, other = pair.nodes
    here, there = doomed.client(), other.client()
    old = os.urandom(2 * SEGMENT)
    assert here.put("f", old).status == 201
    before = objects_in(seaweed, pair.settings)
    half, killed = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        for _ in range(6):
            yield os.urandom(SEGMENT)
        half.set()
        killed.wait(20)
        yield os.urandom(SEGMENT)

    def upload(client: Client) -> None:
        for path in ("f", "new"):
            try:
                answer = client.put(path, body())
            except OSError:
                continue
            statuses.append(answer.status)

    statuses: list[int] = []
    uploading = threading.Thread(target=upload, args=(here,))
    uploading.start()
    assert half.wait(20)
    until = time.monotonic() + 20
    while len(objects_in(seaweed, pair.settings)) < len(before) + 3:
        assert time.monotonic() < until, "nothing was put to the test"
        time.sleep(0.05)
    doomed.kill()
    killed.set()
    uploading.join()
    assert statuses == []
    assert there.get("f").body == old
    assert names_in(there) == {"f"}
    doomed.start()
    assert here.get("f").body == old
    all_is_well(pair, "--read-data")
    tidy_up(pair)
    assert objects_in(seaweed, pair.settings) == before
    assert here.get("f").body == old
    all_is_well(pair, "--read-data")
