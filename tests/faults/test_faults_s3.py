"""The store failing in every way a network and a proxy can make it fail, under a serving node."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import IncompleteRead

import pytest

from tests.faults.fault_rig import QUICK, TIDY, all_is_well, is_away, is_full, objects_in
from tests.support.http import Answer, Client
from tests.support.nodes import Cluster, running_cluster, store_settings
from tests.support.postgres import Postgres
from tests.support.s3_proxy import Faults, s3_proxy
from tests.support.seaweed import Seaweed

ALWAYS = 1000
OLD, NEW = os.urandom(2_500_000), os.urandom(3_500_000)  # three and four segments
SPOILT_PUTS = ["answer-503", "reset", "error-in-200", "empty-200", "lost-reply", "stall", "flip-a-byte"]
SPOILT_GETS = ["answer-503", "reset", "cut-answer", "stall"]


@dataclass
class Spoilt:
    """A node whose store may be spoilt."""

    cluster: Cluster
    bob: Client
    faults: Faults


@pytest.fixture(scope="module")
def module_spoilt(postgres: Postgres, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoilt]:
    url = postgres.fresh()
    with s3_proxy(seaweed.endpoint_url) as (endpoint, faults):
        settings = {**store_settings(url, seaweed, endpoint), **QUICK, **TIDY}
        with running_cluster(settings, tmp_path_factory.mktemp("spoilt"), 1) as cluster:
            yield Spoilt(cluster, cluster.nodes[0].client(), faults)
    postgres.drop(url)


@pytest.fixture
def spoilt(module_spoilt: Spoilt) -> Iterator[Spoilt]:
    """The node with one file, `old`; the store is well again afterwards."""
    bob = module_spoilt.bob
    assert bob.put("old", OLD).status in (201, 204)
    yield module_spoilt
    module_spoilt.faults.plan("reset", "PUT", times=0)
    bob.delete("new")


def _is_untouched(spoilt: Spoilt) -> None:
    spoilt.faults.plan("reset", "PUT", times=0)
    assert spoilt.bob.get("old").body == OLD
    assert spoilt.bob.get("new").status == 404


@pytest.mark.parametrize("fault", SPOILT_PUTS)
def test_an_upload_survives_one_fault_of_the_store(spoilt: Spoilt, fault: str) -> None:
    spoilt.faults.plan(fault, "PUT", times=1)
    assert spoilt.bob.put("old", NEW).status == 204
    assert spoilt.faults.times == 0, "nothing was put to the test"
    assert spoilt.bob.get("old").body == NEW


@pytest.mark.parametrize("fault", SPOILT_PUTS)
def test_an_upload_to_a_store_that_keeps_failing_is_refused_and_changes_nothing(spoilt: Spoilt, fault: str) -> None:
    for path in ("old", "new"):
        spoilt.faults.plan(fault, "PUT", times=ALWAYS)
        is_away(spoilt.bob.put(path, NEW))
        _is_untouched(spoilt)


def test_a_store_without_room_is_507_and_changes_nothing(spoilt: Spoilt) -> None:
    for path in ("old", "new"):
        spoilt.faults.plan("answer-507", "PUT", times=ALWAYS)
        is_full(spoilt.bob.put(path, NEW))
        _is_untouched(spoilt)


@pytest.mark.parametrize("fault", SPOILT_GETS)
def test_a_download_survives_one_fault_of_the_store(spoilt: Spoilt, fault: str) -> None:
    spoilt.faults.plan(fault, "GET", times=1)
    assert spoilt.bob.get("old").body == OLD
    assert spoilt.faults.times == 0, "nothing was put to the test"


@pytest.mark.parametrize("fault", SPOILT_GETS)
def test_a_download_from_a_store_that_keeps_failing_never_looks_whole(spoilt: Spoilt, fault: str) -> None:
    spoilt.faults.plan(fault, "GET", times=ALWAYS)
    answer = _maybe_cut(spoilt.bob, "old")
    if answer is not None:
        is_away(answer)
    _is_untouched(spoilt)


def _maybe_cut(client: Client, path: str) -> Answer | None:
    """What came, or None where the connection ended before the body did."""
    try:
        return client.get(path)
    except (IncompleteRead, ConnectionError):
        return None


@pytest.mark.parametrize("fault", ["answer-503", "reset"])
def test_small_files_do_not_need_the_store(spoilt: Spoilt, fault: str) -> None:
    for method in ("PUT", "GET"):
        spoilt.faults.plan(fault, method, times=ALWAYS)
        assert spoilt.bob.put("new", b"small").status in (201, 204)
        assert spoilt.bob.get("new").body == b"small"


def test_after_all_that_every_byte_is_right_and_upkeep_leaves_nothing_over(spoilt: Spoilt, seaweed: Seaweed) -> None:
    assert spoilt.faults.count("PUT") > 50
    cluster = spoilt.cluster
    all_is_well(cluster, "--read-data")
    spoilt.bob.delete("old")
    assert objects_in(seaweed, cluster.settings)
