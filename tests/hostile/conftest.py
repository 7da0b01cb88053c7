"""One server for the whole folder: bob has a drive, alice may look into it, mallory may not."""

import itertools
from collections.abc import Iterator

import pytest

from tests.support.commands import davdrive
from tests.support.http import Client
from tests.support.serving import RunningServer, running_server

USERS = {"bob": "bob's secret", "alice": "alice's secret", "mallory": "mallory's secret", "eve": "eve's secret"}
_numbers = itertools.count()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    # Guessing is tried in tests/serving; here nobody is to wait because of another test.
    settings = {"DAVDRIVE_AUTH__THROTTLE_ADDRESS_FREE": "1000000", "DAVDRIVE_AUTH__THROTTLE_USER_FREE": "1000000"}
    with running_server(tmp_path_factory.mktemp("hostile") / "data", USERS, settings=settings) as running:
        davdrive("drive", "grant", "bob", "alice", "viewer", data_dir=running.data_dir)
        davdrive("drive", "grant", "bob", "eve", "editor", data_dir=running.data_dir)
        yield running


@pytest.fixture
def bob(server: RunningServer) -> Client:
    """The victim, in a collection of his own for each test, with a file `f` and a collection `d` that holds `g`."""
    client = server.client("bob", f"/bob/h{next(_numbers)}")
    client.do("MKCOL", client.base)
    client.put("f", b"bob's own words")
    client.mkcol("d")
    client.put("d/g", b"bob's other words")
    return client
