"""Three nodes on one PostgreSQL and one SeaweedFS, started once for the room; a collection of its own for each test."""

import itertools
from collections.abc import Iterator

import pytest

from tests.support.http import Client
from tests.support.nodes import Cluster, fresh_cluster
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with fresh_cluster(postgres, seaweed, tmp_path_factory.mktemp("nodes"), 3) as running:
        yield running


@pytest.fixture
def sides(cluster: Cluster) -> list[Client]:
    """Bob at each node, below one collection that is this test's."""
    name = f"/bob/test{next(_numbers)}"
    assert cluster.nodes[0].client(base=name).mkcol("").status == 201
    return [node.client(base=name) for node in cluster.nodes]
