"""Workers: rolled over without a lost request, killed without harm to others, drained, and given up when hopeless."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from site_rig import PROGRAM, Load, running_site

from tests.support.eventually import until


def test_a_reload_under_load_loses_no_request_and_brings_the_new_settings(tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("old")
    with running_site(2, tmp_path) as site:
        before = {worker.pid for worker in site.workers()}
        with Load(site.port, "/mode", {"old", "new"}) as load:
            (tmp_path / "mode").write_text("new")
            site.signal(signal.SIGHUP)
            site.await_notice("READY=1")
            until(lambda: not before & {worker.pid for worker in site.workers()})
        assert load.failures == []
        assert load.answers > 100
        assert site.ask("/mode") == "new"
        assert len(site.workers()) == 2


def test_workers_stay_on_different_cores_through_reloads(tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("any")
    with running_site(2, tmp_path) as site:
        for _ in range(3):
            before = {worker.pid for worker in site.workers()}
            site.signal(signal.SIGHUP)
            site.await_notice("RELOADING=1")
            site.await_notice("READY=1")
            until(lambda: not before & {worker.pid for worker in site.workers()})  # noqa: B023
            cores = [worker.cpu_affinity() for worker in site.workers()]
            assert [len(core) for core in cores] == [1, 1]
            assert cores[0] != cores[1] or len(os.sched_getaffinity(0)) == 1


def test_a_reload_into_broken_settings_keeps_the_old_workers(tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("old")
    with running_site(2, tmp_path) as site:
        before = {worker.pid for worker in site.workers()}
        (tmp_path / "mode").write_text("broken")
        with Load(site.port, "/mode", {"old"}, threads=2) as load:
            site.signal(signal.SIGHUP)
            site.await_notice("RELOADING=1")
            site.await_notice("READY=1")
        assert load.failures == []
        assert {worker.pid for worker in site.workers()} == before


def test_killing_one_worker_harms_only_its_own_requests_and_it_is_replaced() -> None:
    with running_site(2) as site:
        first, second = site.workers()
        with Load(site.port, "/pid", set()) as load:
            time.sleep(0.3)
            os.kill(first.pid, signal.SIGKILL)
            until(lambda: len(site.workers()) == 2 and first.pid not in [worker.pid for worker in site.workers()])
            time.sleep(0.3)
        broken = [failure for failure in load.failures if not failure.isdigit()]
        answered = {int(failure) for failure in load.failures if failure.isdigit()}
        assert len(broken) <= 4, "each client thread has one request under way at most"
        assert second.pid in answered
        assert second.is_running()


def test_connections_are_shared_between_the_workers() -> None:
    """The fuller one leaves a connection to the emptier for a millisecond, in which a busy machine may wake neither."""
    with running_site(2) as site:
        pids: list[bytes] = []

        def shared() -> bool:
            with contextlib.ExitStack() as stack:
                pids[:] = [stack.enter_context(site.begun("/pid")).read() for _ in range(20)]
            return all(6 <= pids.count(pid) <= 14 for pid in pids)

        assert any(shared() for _ in range(5)), pids


def test_a_stop_lets_requests_under_way_end_and_takes_no_more() -> None:
    with running_site(2) as site:
        with contextlib.ExitStack() as stack:
            under_way = [stack.enter_context(site.begun("/slow")) for _ in range(4)]
            site.signal(signal.SIGTERM)
            site.await_notice("STOPPING=1")
            assert [answer.read() for answer in under_way] == [b"ok"] * 4
        assert site.process.wait(10) == 0


def test_one_process_alone_drains_as_well() -> None:
    with running_site(0) as site:
        with site.begun("/slow") as answer:
            site.signal(signal.SIGTERM)
            assert answer.read() == b"ok"
        assert site.process.wait(10) == 0


def test_workers_whose_supervisor_was_killed_end_as_well() -> None:
    with running_site(2) as site:
        workers = site.workers()
        site.process.kill()
        site.process.wait()
        until(lambda: not any(worker.is_running() for worker in workers))


def test_a_site_that_cannot_be_made_ends_the_start_with_its_message(tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("broken")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "0", "2", str(tmp_path)], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert "this site is broken on purpose" in done.stderr
