"""The first start of several nodes at once, where nothing is yet; and a newer davdrive that comes to one of them."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from davdrive.objects.base import MARK
from tests.support.http import Client
from tests.support.nodes import Cluster, Node, store_settings
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.support.serving import STOP_TIMEOUT_S, wait_until_ready

NODES = 3


@dataclass
class Started:
    """Nodes that began at the same moment on an empty database, and all that they printed."""

    cluster: Cluster
    database: str
    printed: str

    @property
    def passwords(self) -> list[str]:
        return re.findall(r"password  (\S+)", self.printed)

    def clients(self) -> list[Client]:
        """The first user at every node."""
        return [Client(node.address, "me", self.passwords[0], "/me") for node in self.cluster.nodes]


@pytest.fixture(scope="module")
def started(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    name, folder = f"empty_{uuid.uuid4().hex}", tmp_path_factory.mktemp("first")
    postgres.execute(f"CREATE DATABASE {name}")
    settings = store_settings(postgres.url(name), seaweed)
    own = [
        {"HOME": str(folder / "no-home"), "DAVDRIVE_RUN_DIR": str(folder / f"run{number}")} for number in range(NODES)
    ]
    nodes = [Node({**settings, **mine}, folder / f"log{number}", {}) for number, mine in enumerate(own)]
    try:
        for node in nodes:
            node.begin()
        for node in nodes:
            assert node.process is not None
            wait_until_ready(node.process, node.address, node.log_file)
        yield Started(Cluster(nodes, settings), name, "".join(node.log() for node in nodes))
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
        postgres.drop(postgres.url(name))
    assert not any("Traceback" in node.log() for node in nodes)


def test_nodes_that_start_at_once_make_the_tables_and_the_first_user_once(started: Started) -> None:
    assert len(started.passwords) == 1, started.printed
    assert [bob.get("").status for bob in started.clients()] == [200] * NODES
    assert started.cluster.command("user", "list").stdout.count("\n") == 1


def test_nodes_that_start_at_once_agree_whose_the_store_is(
    started: Started, postgres: Postgres, seaweed: Seaweed
) -> None:
    bucket, _, prefix = started.cluster.settings["DAVDRIVE_OBJECTS__URL"].removeprefix("s3://").partition("/")
    answer = seaweed.client().get_object(Bucket=bucket, Key=f"{prefix}/{MARK}")
    with psycopg.connect(postgres.uri, dbname=started.database) as connection:
        assert connection.execute("SELECT id FROM pairing").fetchall() == [(json.loads(answer["Body"].read())["mark"],)]


def test_nodes_go_on_while_a_newer_davdrive_has_changed_the_tables_and_an_old_one_does_not_start_on_them(
    started: Started, postgres: Postgres
) -> None:
    clients = started.clients()
    for number, client in enumerate(clients):  # every statement is prepared before the tables change
        assert client.put(f"f{number}", b"x" * 100_000).status == 201
        assert client.get(f"f{number}").status == 200
    for table in ("users", "drives", "nodes", "entries", "versions", "contents", "segments", "locks", "commits"):
        postgres.execute(f"ALTER TABLE {table} ADD COLUMN later text", started.database)
    postgres.execute("UPDATE alembic_version SET version_num = '9999'", started.database)
    for number, client in enumerate(clients):
        assert client.get(f"f{number}").status == 200
        assert client.put(f"f{number}", b"y" * 100_000).status == 204
        assert client.transfer("MOVE", f"f{number}", f"g{number}").status == 201
        assert client.do("PROPFIND", "", headers={"Depth": "1"}).status == 207
    node = started.cluster.nodes[0]
    assert node.stop() == 0
    node.begin()
    assert node.process is not None
    assert node.process.wait(STOP_TIMEOUT_S) == 1
    assert node.log().endswith("davdrive: this database was made by a newer davdrive; install that version\n")
    assert clients[1].get("g0").status == 200
