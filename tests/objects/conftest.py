"""The stores that the objects room is tested on: each bare one, each decorator, and the stacks that `open` builds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from davdrive.objects.base import ObjectStore
from davdrive.objects.decorators.checksum import ReadBackStore
from davdrive.objects.decorators.forward import ForwardingStore
from davdrive.objects.decorators.limit import LimitedStore
from davdrive.objects.decorators.observed import ObservedStore
from davdrive.objects.decorators.retry import Retry, RetryingStore
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import LimitOptions, ObjectOptions, RetryOptions, S3Options
from tests.support.faulty import FaultyStore, one_in
from tests.support.seaweed import Seaweed

QUICK = Retry(RetryOptions(tries=4, wait_s=0.001, wait_max_s=0.002))


def s3_options(seaweed: Seaweed) -> ObjectOptions:
    return ObjectOptions(s3=S3Options(endpoint_url=seaweed.endpoint_url, addressing="path"))


@pytest.fixture
def s3_store(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A bare S3Store on SeaweedFS with a prefix of its own."""
    from davdrive.objects.s3 import S3Store

    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    store = S3Store(seaweed.bucket, seaweed.url().rpartition("/")[2], s3_options(seaweed).s3)
    yield store
    store.close()


@pytest.fixture
def s3_stack(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """What production runs on S3."""
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    store = open_objects(seaweed.url(), s3_options(seaweed), observe=lambda observation: None)
    yield store
    store.close()


WRAPPED: dict[str, Callable[[ObjectStore], ObjectStore]] = {
    "forward": ForwardingStore,
    "retry": lambda inner: RetryingStore(inner, QUICK),
    "retry-faults": lambda inner: RetryingStore(
        FaultyStore(inner, one_in(3, "create", "finish", "read", "delete", "list")), QUICK
    ),
    "limit": lambda inner: LimitedStore(inner, LimitOptions(uploads=1, downloads=1, wait_s=5)),
    "read-back": ReadBackStore,
    "observed": lambda inner: ObservedStore(inner, lambda observation: None),
}


@pytest.fixture(params=["memory", "local", *(f"local-{name}" for name in WRAPPED), "s3", "s3-stack"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """Every store and every decorator, one after another."""
    kind: str = request.param
    if kind.startswith("s3"):
        yield request.getfixturevalue(kind.replace("-", "_") if "-" in kind else "s3_store")
        return
    made: ObjectStore = MemoryStore() if kind == "memory" else LocalStore(tmp_path / "objects")
    yield WRAPPED[kind.partition("-")[2]](made) if "-" in kind else made
    made.close()
