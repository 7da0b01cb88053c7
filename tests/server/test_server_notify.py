"""systemd's protocols: what is said to it, and the socket that it passes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from site_rig import PROGRAM, RunningSite, notifications, running_site

from davdrive.server.notify import Notifier, passed_socket

AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def test_nothing_is_said_where_nobody_listens(tmp_path: Path) -> None:
    Notifier({}).ready("serving")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).stopping()


def test_messages_reach_a_socket_in_a_folder_and_an_abstract_one() -> None:
    with notifications() as heard:
        Notifier({"NOTIFY_SOCKET": heard.getsockname()}).ready("serving")
        assert heard.recv(4096) == b"READY=1\nSTATUS=serving"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind(f"\0davdrive-test-{os.getpid()}")
        Notifier({"NOTIFY_SOCKET": f"@davdrive-test-{os.getpid()}"}).stopping()
        assert abstract.recv(4096) == b"STOPPING=1"


def test_the_watchdog_is_fed_only_by_the_process_that_it_watches() -> None:
    assert Notifier({"WATCHDOG_USEC": "3000000"}).watchdog_s == 3.0
    assert Notifier({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 3.0
    assert Notifier({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog_s == 0.0
    assert Notifier({"WATCHDOG_USEC": "nonsense"}).watchdog_s == 0.0


@pytest.mark.parametrize("workers", [0, 2])
def test_a_running_server_feeds_the_watchdog(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    with running_site(workers) as site:
        for _ in range(2):
            site.await_notice("WATCHDOG=1")


def test_a_socket_for_another_process_is_not_taken() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "x"}
    assert passed_socket(environ) is None
    assert environ == {}


def test_several_passed_sockets_are_an_error() -> None:
    with pytest.raises(ValueError, match="several sockets"):
        passed_socket({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"})


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_passed_socket_is_served_and_what_waited_on_it_is_answered(workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, notifications() as heard:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 10) as early:
            early.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            environ = {**os.environ, "NOTIFY_SOCKET": heard.getsockname()}
            with subprocess.Popen(
                [sys.executable, "-c", AS_SYSTEMD, str(listening.fileno()), str(PROGRAM), "1", workers],
                pass_fds=[listening.fileno()], env=environ, stdout=subprocess.PIPE, text=True,
            ) as process:  # fmt: skip
                site = RunningSite(process, port, heard)
                site.await_notice("READY=1")
                assert early.recv(4096).endswith(b"\r\n\r\nok")
                assert site.ask("/") == "ok"
                process.terminate()
                assert process.wait(10) == 0
