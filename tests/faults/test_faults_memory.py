"""No memory for one request: it is refused, and whoever else is served by the same process notices nothing."""

import resource
import threading
from pathlib import Path

import pytest

from tests.support.commands import davdrive
from tests.support.dav import update
from tests.support.http import Answer, Client
from tests.support.people import add_users
from tests.support.serving import RunningServer, start_server

USERS = {"bob": "bob's secret"}
MIB = 1 << 20
ROOM = 8 * MIB
"""Bytes that the process may have besides those that it has: enough for everyday, and not for the hungry request."""

SETTINGS = {"DAVDRIVE_UPKEEP__IN_BACKGROUND": "false", "DAVDRIVE_LIMITS__XML_BYTES": str(64 * MIB)}
HUNGRY = update(("{urn:x}p", "v" * (60 * MIB)))

ENDLESS = resource.RLIM_INFINITY


def _memory(pid: int) -> int:
    """What a limit of that kind counts, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))


class Others:
    """Clients that read a small file all the time, each on a connection of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.statuses: list[int] = []
        self.cut: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(2)]

    def _read(self) -> None:
        while not self._over.wait(0.01):
            try:
                self.statuses.append(self._client.get("small").status)
            except OSError as error:
                self.cut.append(f"{type(error).__name__}: {error}")

    def __enter__(self) -> "Others":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def starve(server: RunningServer, client: Client) -> list[Answer]:
    """Leave the process so little room that requests that need some are refused. What those were answered."""
    resource.prlimit(server.pid, resource.RLIMIT_DATA, (_memory(server.pid) + ROOM, ENDLESS))
    answers = [client.do("PROPPATCH", "small", HUNGRY) for _ in range(3)]
    assert any(answer.status >= 500 for answer in answers), f"nothing was put to the test: {answers[0].status}"
    return answers


def others_notice_nothing(folder: Path, program: str) -> None:
    data_dir = folder / "data"
    data_dir.mkdir()
    add_users(data_dir, {"bob": USERS["bob"]})
    server = start_server(data_dir, USERS, program=program, settings=SETTINGS)
    try:
        bob = server.client()
        assert bob.put("small", b"small").status == 201
        with Others(bob) as others:
            answers = starve(server, bob)
            starved = len(others.statuses)
            resource.prlimit(server.pid, resource.RLIMIT_DATA, (ENDLESS, ENDLESS))
            assert bob.do("PROPPATCH", "small", HUNGRY).status == 413, "with room again it is understood"
        assert {answer.status for answer in answers} <= {500, 503, 507}
        assert others.cut == [], "somebody else's connection ended"
        assert others.statuses.count(200) > starved * 0.9, "others were refused"
        assert server.process.poll() is None
        assert bob.get("small").body == b"small"
    finally:
        server.kill()
    checked = davdrive("check", "--read-data", data_dir=data_dir, check=False)
    assert checked.returncode == 0, checked.stdout


def test_a_request_without_memory_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    others_notice_nothing(tmp_path, "davdrive")


def test_a_process_that_ends_for_want_of_memory_is_caught(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, OSError)) as caught:
        others_notice_nothing(tmp_path, "tests.support.brittle")
    assert "put to the test" not in str(caught.value)
