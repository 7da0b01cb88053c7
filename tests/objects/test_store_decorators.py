"""What each decorator adds, beyond keeping the contract."""

import threading
import time

import pytest

from davdrive.deadline import Deadline, unlimited
from davdrive.errors import Cancelled, Damaged, StorageFull, Unavailable
from davdrive.objects.base import BLOCK_BYTES, Blocks, ObjectStore
from davdrive.objects.decorators.checksum import ReadBackStore
from davdrive.objects.decorators.forward import ForwardingStore
from davdrive.objects.decorators.limit import LimitedStore
from davdrive.objects.decorators.observed import Observation, ObservedStore
from davdrive.objects.decorators.retry import Retry, RetryingStore
from davdrive.objects.keys import new_key
from davdrive.objects.memory import MemoryStore
from davdrive.objects.options import LimitOptions, RetryOptions
from tests.support.faulty import FaultPlan, FaultyStore, always, full, nth


def put(store: ObjectStore, content: bytes = b"12345", deadline: Deadline | None = None) -> str:
    writer = store.create(new_key(), len(content), deadline or unlimited())
    try:
        writer.write(content)
        writer.finish()
    finally:
        writer.abort()
    return writer.key


class Waits:
    """A retry whose waits are written down and not waited."""

    def __init__(self, chance: float = 1.0, **options: float) -> None:
        self.waited: list[float] = []
        self.noticed: list[str] = []
        self.retry = Retry(
            RetryOptions(**options),  # type: ignore[arg-type]
            sleep=lambda deadline, seconds: self.waited.append(seconds),
            chance=lambda: chance,
            notice=self.noticed.append,
        )


def test_waits_double_up_to_their_bound_and_the_last_error_goes_up() -> None:
    waits = Waits(tries=6, wait_s=0.5, wait_max_s=3.0)
    store = RetryingStore(FaultyStore(MemoryStore(), always("finish")), waits.retry)
    with pytest.raises(Unavailable):
        put(store)
    assert waits.waited == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert waits.noticed == ["finish"] * 5


def test_jitter_spreads_the_waits() -> None:
    waits = Waits(chance=0.25, tries=3, wait_s=1.0, wait_max_s=9.0)
    with pytest.raises(Unavailable):
        put(RetryingStore(FaultyStore(MemoryStore(), always("create")), waits.retry))
    assert waits.waited == [0.25, 0.5]


def test_only_a_store_that_is_away_is_asked_again() -> None:
    waits = Waits(tries=5)
    store = RetryingStore(FaultyStore(MemoryStore(), nth("finish", 1, full)), waits.retry)
    with pytest.raises(StorageFull):
        put(store)
    with pytest.raises(Damaged):
        next(store.read(new_key(), 0, 1, unlimited()))
    assert waits.waited == []


def test_there_is_no_waiting_past_the_deadline() -> None:
    waits = Waits(tries=5, wait_s=10.0, wait_max_s=10.0)
    store = RetryingStore(FaultyStore(MemoryStore(), always("finish")), waits.retry)
    with pytest.raises(Unavailable):
        put(store, deadline=Deadline(5))
    assert waits.waited == []


def test_a_cancelled_request_ends_its_wait_at_once() -> None:
    store = RetryingStore(FaultyStore(MemoryStore(), always("finish")), Retry(RetryOptions(wait_s=60, wait_max_s=60)))
    deadline = Deadline(None)
    threading.Timer(0.05, deadline.cancel, ["the client went away"]).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        put(store, deadline=deadline)
    assert time.monotonic() - began < 5


def test_a_read_goes_on_where_it_broke_off() -> None:
    inner = MemoryStore()
    content = bytes(range(256)) * 4000
    key = put(inner, content)
    plan = FaultPlan(lambda operation, count: operation == "read" and count <= 2, cut_after=BLOCK_BYTES + 1000)
    waits = Waits(tries=2)
    store = RetryingStore(FaultyStore(inner, plan), waits.retry)
    assert b"".join(store.read(key, 3, len(content) - 3, unlimited())) == content[3:]
    assert waits.noticed == ["read", "read"]


def test_a_lost_reply_is_written_again_under_the_same_key() -> None:
    inner = MemoryStore()
    key = put(RetryingStore(FaultyStore(inner, nth("finish", 1, after=True)), Waits().retry))
    assert [info.key for info in inner.list()] == [key]


def test_no_more_uploads_run_at_once_than_the_limit_says_and_the_next_is_told_to_come_again() -> None:
    plan = FaultPlan(stall=threading.Event())
    store = LimitedStore(FaultyStore(MemoryStore(), plan), LimitOptions(uploads=2, downloads=1, wait_s=0.05))
    running = [threading.Thread(target=put, args=(store,)) for _ in range(2)]
    for thread in running:
        thread.start()
    time.sleep(0.05)
    with pytest.raises(Unavailable, match="busy"):
        put(store)
    assert plan.stall is not None
    plan.stall.set()
    for thread in running:
        thread.join()
    put(store)


def test_a_download_holds_its_place_until_it_is_closed() -> None:
    store = LimitedStore(MemoryStore(), LimitOptions(uploads=1, downloads=1, wait_s=0.02))
    key = put(store)
    first = store.read(key, 0, 5, unlimited())
    assert next(first) == b"12345"
    with pytest.raises(Unavailable, match="busy"):
        next(store.read(key, 0, 5, unlimited()))
    first.close()
    assert list(store.read(key, 0, 5, unlimited())) == [b"12345"]


def test_a_cancelled_request_does_not_wait_for_its_turn() -> None:
    store = LimitedStore(MemoryStore(), LimitOptions(uploads=1, downloads=1, wait_s=60))
    key = put(store)
    first = store.read(key, 0, 5, unlimited())
    next(first)
    with pytest.raises(Cancelled):
        next(store.read(key, 0, 5, Deadline(0.05)))
    first.close()


class Ticking:
    """A clock that moves a second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_every_call_is_reported_with_its_seconds_bytes_and_error() -> None:
    seen: list[Observation] = []
    store = ObservedStore(FaultyStore(MemoryStore(), nth("finish", 2)), seen.append, Ticking())
    key = put(store)
    list(store.read(key, 1, 3, unlimited()))
    list(store.list())
    store.delete(key)
    store.check()
    with pytest.raises(Damaged):
        list(store.read(key, 0, 1, unlimited()))
    with pytest.raises(Unavailable):
        put(store)
    assert seen == [
        Observation("finish", 1.0, 5, ""),
        Observation("read", 2.0, 3, ""),
        Observation("list", 2.0, 0, ""),
        Observation("delete", 1.0, 0, ""),
        Observation("check", 1.0, 0, ""),
        Observation("read", 1.0, 0, "Damaged"),
        Observation("finish", 1.0, 5, "Unavailable"),
    ]


class Careless(ForwardingStore):
    """Gives other bytes back than it was given."""

    def read(self, key: str, offset: int, length: int, deadline: Deadline) -> Blocks:
        for block in super().read(key, offset, length, deadline):
            yield bytes([block[0] ^ 1]) + block[1:]


def test_a_store_that_keeps_other_bytes_is_found_out_at_once() -> None:
    inner = MemoryStore()
    with pytest.raises(Unavailable, match="other bytes"):
        put(ReadBackStore(Careless(inner)))
    assert list(inner.list()) == []


def test_reading_back_may_be_tried_again_without_writing_again() -> None:
    plan = nth("read", 1)
    store = RetryingStore(ReadBackStore(FaultyStore(MemoryStore(), plan)), Waits().retry)
    key = put(store)
    assert b"".join(store.read(key, 0, 5, unlimited())) == b"12345"
    assert plan.counts["finish"] == 1
