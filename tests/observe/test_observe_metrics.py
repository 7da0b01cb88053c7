"""Metrics: they add up over processes, survive restarts, stay bounded, and cost little."""

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from davdrive.observe import metrics
from davdrive.observe.catalogue import CATALOGUE
from davdrive.observe.metrics import Recorder, install, record
from davdrive.observe.prometheus import PrometheusRecorder
from tests.support.metric_names import exported_names

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[PrometheusRecorder]:
    recorder = PrometheusRecorder(tmp_path / "metrics")
    install(recorder)
    yield recorder
    install(Recorder())
    recorder.close()
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)


def value(recorder: PrometheusRecorder, series: str) -> float:
    """The number of a series such as `davdrive_requests_total{method="GET",status="200"}`."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", recorder.exposition().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def in_child(work: Callable[[], object]) -> None:
    def run() -> None:
        work()
        os._exit(0)

    child = FORK.Process(target=run)
    child.start()
    child.join(20)
    assert child.exitcode == 0


def everything(to: Recorder) -> None:
    """Call every recording function once."""
    to.request("GET", 200, 0.01, 5, 7)
    to.refused("queue_full")
    to.server_state(1, 2, 3)
    to.queue_wait(0.001)
    to.login("verified")
    to.rate_limited("user_requests")
    to.transaction(0.001, "committed")
    to.transaction_retry("busy")
    to.writer_wait(0.001)
    to.locks_held(4)
    to.object_call("put", 0.1, failed=True)
    to.object_bytes("in", 10)
    to.upkeep("purge", 0.5, removed=3)
    to.worker_started()
    to.worker_ended("drained")


def test_without_a_recorder_everything_is_ignored() -> None:
    install(Recorder())
    everything(record())


def test_every_metric_of_the_catalogue_is_recorded_by_some_function(recorder: PrometheusRecorder) -> None:
    everything(record())
    text = recorder.exposition().decode()
    for metric in CATALOGUE:
        for name in exported_names(metric):
            assert re.search(rf"^{name}[{{ ]", text, re.MULTILINE), name


def test_recorder_functions_are_all_counted_by_the_prometheus_one() -> None:
    names = {name for name in vars(Recorder) if not name.startswith("_")}
    assert names <= set(vars(PrometheusRecorder))


def five_puts() -> None:
    for _ in range(5):
        record().request("PUT", 201, 0.02, 10, 0)


def test_numbers_of_several_processes_add_up(recorder: PrometheusRecorder) -> None:
    for _ in range(3):
        in_child(five_puts)
    record().request("PUT", 201, 0.02, 10, 0)
    assert value(recorder, 'davdrive_requests_total{method="PUT",status="201"}') == 16
    assert value(recorder, "davdrive_received_bytes_total") == 160
    assert value(recorder, 'davdrive_request_seconds_count{method="PUT"}') == 16
    assert value(recorder, 'davdrive_request_seconds_bucket{le="0.025",method="PUT"}') == 16
    assert value(recorder, 'davdrive_request_seconds_bucket{le="0.01",method="PUT"}') == 0


def test_processes_that_come_one_after_the_other_use_the_same_files(
    recorder: PrometheusRecorder, tmp_path: Path
) -> None:
    in_child(lambda: everything(record()))
    files = sorted(tmp_path.joinpath("metrics").iterdir())
    for _ in range(10):
        in_child(lambda: everything(record()))
    assert sorted(tmp_path.joinpath("metrics").iterdir()) == files


def test_a_worker_that_ended_no_longer_counts_in_live_numbers_once_it_is_replaced(recorder: PrometheusRecorder) -> None:
    record().server_state(5, 0, 0)
    in_child(lambda: record().server_state(100, 0, 0))
    in_child(lambda: record().server_state(7, 0, 0))
    assert value(recorder, "davdrive_connections") == 12


def test_a_killed_process_leaves_its_counts_and_its_number(recorder: PrometheusRecorder, tmp_path: Path) -> None:
    read, write = os.pipe()

    def count_and_hang() -> None:
        record().refused("queue_full")
        os.write(write, b"x")
        signal.pause()

    child = FORK.Process(target=count_and_hang)
    child.start()
    os.read(read, 1)
    child.kill()
    child.join(20)
    in_child(lambda: record().refused("queue_full"))
    assert value(recorder, 'davdrive_refused_total{reason="queue_full"}') == 2
    assert len(list(tmp_path.joinpath("metrics").glob("counter_*.db"))) == 2
    os.close(read)
    os.close(write)


def test_the_files_are_allocated_so_that_a_full_disk_cannot_kill_a_worker(
    recorder: PrometheusRecorder, tmp_path: Path
) -> None:
    everything(record())
    for file in tmp_path.joinpath("metrics").glob("*.db"):
        assert file.stat().st_blocks * 512 >= file.stat().st_size


def test_an_unknown_method_does_not_make_a_series_of_its_own(recorder: PrometheusRecorder) -> None:
    for number in range(50):
        record().request(f"EVIL{number}", 405, 0.001, 0, 0)
    assert value(recorder, 'davdrive_requests_total{method="OTHER",status="405"}') == 50


def test_help_texts_are_sentences_and_names_are_unique() -> None:
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)
    assert all(metric.help.endswith(".") and len(metric.help) < 80 for metric in CATALOGUE)


def test_recording_a_request_costs_microseconds(recorder: PrometheusRecorder) -> None:
    def cost(rounds: int = 2000) -> float:
        began = time.thread_time()
        for _ in range(rounds):
            record().request("GET", 200, 0.003, 0, 100)
        return (time.thread_time() - began) / rounds

    assert min(cost() for _ in range(5)) < 20e-6  # 4 µs on an idle machine


def test_the_active_recorder_is_the_installed_one() -> None:
    mine = Recorder()
    install(mine)
    assert metrics.record() is mine
    install(Recorder())
