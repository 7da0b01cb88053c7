"""Token buckets that processes share; places for transfers."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from davdrive.auth.buckets import Rate
from davdrive.auth.shared_buckets import SharedBuckets
from davdrive.auth.transfers import TransferSlots

RATE = Rate(capacity=10, per_s=2)
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def buckets(tmp_path: Path) -> Iterator[SharedBuckets]:
    shared = SharedBuckets(tmp_path / "rates", 1024)
    yield shared
    shared.close()


def test_a_bucket_starts_full_and_fills_at_its_rate(buckets: SharedBuckets) -> None:
    assert [buckets.take("k", RATE, 1, 100.0) for _ in range(11)] == [0.0] * 10 + [0.5]
    assert buckets.take("k", RATE, 1, 100.4) == pytest.approx(0.1)
    assert buckets.take("k", RATE, 1, 100.5) == 0
    assert buckets.take("k", RATE, 10, 1000.0) == 0
    assert buckets.take("k", RATE, 10, 1000.0) == 5
    assert buckets.take("other", RATE, 10, 1000.0) == 0


def test_what_is_larger_than_the_bucket_is_taken_from_a_full_one_and_paid_back(buckets: SharedBuckets) -> None:
    assert buckets.take("k", RATE, 25, 0.0) == 0
    assert buckets.take("k", RATE, 1, 0.0) == 8


def test_a_stream_pauses_for_its_debt_and_keeps_its_rate(buckets: SharedBuckets) -> None:
    now = 0.0
    for _ in range(100):
        now += buckets.spend("k", RATE, 4, now)
    assert now == pytest.approx((400 - 10) / 2)


def test_a_clock_that_went_back_gives_no_more_than_a_full_bucket(buckets: SharedBuckets) -> None:
    buckets.take("k", RATE, 10, 1000.0)
    assert buckets.take("k", RATE, 10, 5.0) in (0, 5)
    assert buckets.take("k", RATE, 10, 5.0) == 5


def test_the_table_is_bounded_and_the_longest_unused_bucket_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    shared = SharedBuckets(path, 64)
    for number in range(1000):
        shared.take(f"k{number}", RATE, 10, float(number))
    assert shared.take("k999", RATE, 10, 999.0) == 5
    assert path.stat().st_size == 64 * 32
    shared.close()


def test_the_file_is_not_sparse_so_that_a_full_disk_cannot_kill_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    SharedBuckets(path, 4096).close()
    assert path.stat().st_blocks * 512 >= 4096 * 32


def test_garbage_in_the_file_is_a_full_bucket(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    path.write_bytes(os.urandom(64 * 32))
    shared = SharedBuckets(path, 64)
    assert shared.take("k", RATE, 10, 5.0) == 0
    assert shared.take("k", RATE, 10, 5.0) == 5
    shared.close()


def in_children(count: int, work: Callable[[], int]) -> list[int]:
    """Run `work` in forked children and return their exit codes."""
    children = [FORK.Process(target=lambda: os._exit(work())) for _ in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(20)
    return [child.exitcode or 0 for child in children]


def test_processes_and_threads_share_one_bucket_exactly(tmp_path: Path) -> None:
    shared = SharedBuckets(tmp_path / "rates", 64)
    rate = Rate(capacity=100, per_s=1)

    def work() -> int:
        taken: list[float] = []

        def some() -> None:
            taken.extend(shared.take("k", rate, 1, 50.0) for _ in range(60))

        threads = [threading.Thread(target=some) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return taken.count(0.0)

    assert sum(in_children(4, work)) == 100
    shared.close()


def test_no_more_transfers_than_allowed_and_a_place_given_back_is_free(tmp_path: Path) -> None:
    slots = TransferSlots(tmp_path / "transfers")
    places = [slots.acquire("ann", 3) for _ in range(4)]
    assert places[3] is None
    assert slots.acquire("bob", 1) is not None
    assert places[1] is not None
    slots.release(places[1])
    slots.release(places[1])
    assert slots.acquire("ann", 3) == places[1]
    slots.close()


def test_transfers_are_counted_over_processes_and_a_killed_one_gives_its_places_back(tmp_path: Path) -> None:
    slots = TransferSlots(tmp_path / "transfers")
    read, write = os.pipe()

    def hold() -> None:
        slots.acquire("ann", 3)
        slots.acquire("ann", 3)
        os.write(write, b"x")
        signal.pause()

    child = FORK.Process(target=hold)
    child.start()
    os.read(read, 1)
    assert slots.acquire("ann", 3) is not None
    assert slots.acquire("ann", 3) is None
    child.kill()
    child.join(20)
    assert slots.acquire("ann", 3) is not None
    assert slots.acquire("ann", 3) is not None
    assert slots.acquire("ann", 3) is None
    slots.close()
    os.close(read)
    os.close(write)


def test_a_process_that_read_the_clock_earlier_but_came_later_finds_the_bucket_as_it_is(tmp_path: Path) -> None:
    buckets, rate = SharedBuckets(tmp_path / "b", 64), Rate(2, 0.001)
    assert buckets.take("bob", rate, 2, 1000.0) == 0
    assert buckets.take("bob", rate, 1, 999.9) > 0
    assert buckets.take("bob", rate, 1, 1000.0) > 0
    buckets.close()


def test_a_time_from_before_a_reboot_is_forgotten(tmp_path: Path) -> None:
    buckets, rate = SharedBuckets(tmp_path / "b", 64), Rate(2, 0.001)
    assert buckets.take("bob", rate, 2, 100_000.0) == 0
    assert buckets.take("bob", rate, 2, 5.0) == 0
    buckets.close()
