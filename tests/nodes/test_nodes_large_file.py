"""A large file up and down through S3, with every process of the node small all the time."""

import hashlib
import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

from tests.support.http import Client
from tests.support.nodes import running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed

SIZE = int(os.environ.get("DAVDRIVE_TEST_LARGE_MIB", "256")) << 20
MOST_RSS = 200 << 20
BLOCK = 1 << 20
TIMEOUT_S = 300


def _blocks(digest: "hashlib._Hash") -> Iterator[bytes]:
    """The file, block by block, no two alike."""
    noise = os.urandom(BLOCK)
    for number in range(SIZE // BLOCK):
        block = number.to_bytes(8, "big") + noise[8:]
        digest.update(block)
        yield block


def _upload(client: Client, path: str) -> str:
    digest = hashlib.sha256()
    connection = HTTPConnection(*client.address, timeout=TIMEOUT_S)
    headers = {**client.headers(), "Content-Length": str(SIZE)}
    connection.request("PUT", client.path(path), _blocks(digest), headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()
    return digest.hexdigest()


def _download(client: Client, path: str) -> str:
    digest = hashlib.sha256()
    connection = HTTPConnection(*client.address, timeout=TIMEOUT_S)
    connection.request("GET", client.path(path), headers=client.headers())
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Length")) == (200, str(SIZE))
    while block := answer.read(BLOCK):
        digest.update(block)
    connection.close()
    return digest.hexdigest()


def test_a_large_file_goes_up_and_down_through_s3_in_little_memory(
    postgres: Postgres, seaweed: Seaweed, tmp_path: Path
) -> None:
    url = postgres.fresh()
    with running_cluster(store_settings(url, seaweed), tmp_path, 2, users={"bob": "secret"}) as cluster:
        here, there = (node.client() for node in cluster.nodes)
        sent = _upload(here, "large")
        assert _download(there, "large") == sent
        peaks = [node.peak_rss_bytes() >> 20 for node in cluster.nodes]
        print(f"peak resident MiB: {peaks}")
        assert max(peaks) < MOST_RSS >> 20, peaks
    postgres.drop(url)
