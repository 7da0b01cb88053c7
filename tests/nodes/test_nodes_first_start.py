"""Nodes that start at once on a database where nothing is: all of them serve, and the first user is made once."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http import Client
from tests.support.nodes import Cluster, Node, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import wait_until_ready

NODES = 3


@pytest.fixture
def empty_url(postgres: Postgres) -> Iterator[str]:
    name = f"empty_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.drop(postgres.url(name))


def test_nodes_that_start_at_once_make_the_tables_and_the_first_user_once(
    empty_url: str, seaweed: Seaweed, tmp_path: Path
) -> None:
    settings = store_settings(empty_url, seaweed)
    home = {"HOME": str(tmp_path / "no-home")}
    nodes = [
        Node({**settings, **home, "DAVDRIVE_RUN_DIR": str(tmp_path / f"run{number}")}, tmp_path / f"log{number}", {})
        for number in range(NODES)
    ]
    try:
        for node in nodes:
            node.begin()
        for node in nodes:
            assert node.process is not None
            wait_until_ready(node.process, node.address, node.log_file)
        printed = "".join(node.log() for node in nodes)
        passwords = re.findall(r"password  (\S+)", printed)
        assert len(passwords) == 1, printed
        for node in nodes:
            assert Client(node.address, "me", passwords[0]).do("GET", "/me/").status == 200
        assert Cluster(nodes, settings).command("user", "list").stdout.count("\n") == 1
        assert [node.stop() for node in nodes] == [0] * NODES
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
    assert "Traceback" not in printed
