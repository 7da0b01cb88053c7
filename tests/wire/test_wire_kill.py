"""SIGKILL in the middle of everything: what was acknowledged is there, byte for byte (P1, P2)."""

import hashlib
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.support.commands import davdrive
from tests.support.dav import listing
from tests.support.http import Client
from tests.support.people import add_users
from tests.support.serving import RunningServer, running_server, start_server

USERS = {"bob": "bob's secret"}
WRITERS = 6
FILES_EACH = 5
SIZES = (0, 1, 100, 3_000, 70_000, 400_000, 2_500_000)  # in the row, one object, and many blocks
SEED = int(os.environ.get("DAVDRIVE_TEST_KILL_SEED", "0"))
KILL_AFTER = (150, 60, 250)  # answers, one number for each round


@dataclass
class Expected:
    """What a file may hold: what was acknowledged last, or what was under way when the server died. None: no file."""

    certain: bytes | None = None
    maybe: list[bytes | None] = field(default_factory=list)

    def allows(self, body: bytes | None) -> bool:
        return body == self.certain or body in self.maybe


class Writer:
    """One client that writes, replaces, moves and deletes files of its own until the server is gone; or until it is
    told to end, where only one of several processes goes."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(SEED + number)
        self.broken = 0
        self.files = {f"w{number}-{index}": Expected() for index in range(FILES_EACH)}

    def run(self, client: Client, answered: threading.Semaphore, over: threading.Event | None = None) -> None:
        while over is None or not over.is_set():
            name = self.random.choice(list(self.files))
            step = self.random.choice((self.put, self.put, self.put, self.chunked, self.delete, self.move))
            try:
                step(client, name)
            except (OSError, HTTPException):
                if over is None:
                    return
                self.broken += 1
                continue
            answered.release()

    def body(self) -> bytes:
        return self.random.randbytes(self.random.choice(SIZES))

    def put(self, client: Client, name: str) -> None:
        self._change(client, "PUT", name, self.body())

    def chunked(self, client: Client, name: str) -> None:
        body = self.body()
        self._change(client, "PUT", name, body, [body[: len(body) // 2], body[len(body) // 2 :]])

    def delete(self, client: Client, name: str) -> None:
        self._change(client, "DELETE", name, None)

    def _change(
        self, client: Client, method: str, name: str, body: bytes | None, sent: list[bytes] | None = None
    ) -> None:
        expected = self.files[name]
        expected.maybe.append(body)
        answer = client.do(method, name, [each for each in sent if each] if sent else body or b"")
        assert answer.status in (201, 204, 404), answer
        expected.certain, expected.maybe = body, []

    def move(self, client: Client, name: str) -> None:
        other = self.random.choice([each for each in self.files if each != name])
        source, target = self.files[name], self.files[other]
        if source.certain is None or source.maybe:
            return
        source.maybe.append(None)
        target.maybe.append(source.certain)
        assert client.transfer("MOVE", name, other).status in (201, 204)
        target.certain, target.maybe = source.certain, []
        source.certain, source.maybe = None, []


@pytest.mark.parametrize("workers", [1, 2])
def test_every_acknowledged_change_survives_sigkill(tmp_path: Path, workers: int) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    add_users(data_dir, {"bob": USERS["bob"]})
    writers = [Writer(number) for number in range(WRITERS)]
    server = start_server(data_dir, USERS, workers=workers)
    for kill_after in KILL_AFTER:
        answered = threading.Semaphore(0)
        with ThreadPoolExecutor(WRITERS) as pool:
            running = [pool.submit(writer.run, server.client(), answered) for writer in writers]
            for _ in range(kill_after):
                assert answered.acquire(timeout=20)
            server.kill()
        for each in running:
            each.result()
        server = start_server(data_dir, USERS, workers=workers)
        is_well(server, writers)
    assert server.stop() == 0


def is_well(server: RunningServer, writers: list[Writer]) -> None:
    verify(server.client(), writers)
    checked = davdrive("check", "--read-data", data_dir=server.data_dir, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_worker_that_is_killed_under_load_takes_nothing_with_it_and_the_others_go_on(tmp_path: Path) -> None:
    writers = [Writer(number) for number in range(WRITERS)]
    with running_server(tmp_path / "data", USERS, workers=2) as server:
        answered, over = threading.Semaphore(0), threading.Event()
        with ThreadPoolExecutor(WRITERS) as pool:
            running = [pool.submit(writer.run, server.client(), answered, over) for writer in writers]
            for kill_after in KILL_AFTER:
                for _ in range(kill_after):
                    assert answered.acquire(timeout=20), "nobody is served any more"
                os.kill(random.choice(server.pids()[1:]), signal.SIGKILL)
            for _ in range(50):
                assert answered.acquire(timeout=20), "the other worker did not go on"
            over.set()
        for each in running:
            each.result()
        assert sum(writer.broken for writer in writers) <= WRITERS * len(KILL_AFTER), "others were harmed"
        is_well(server, writers)


def test_a_supervisor_that_is_killed_under_load_takes_nothing_with_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    add_users(data_dir, {"bob": USERS["bob"]})
    writers = [Writer(number) for number in range(WRITERS)]
    server = start_server(data_dir, USERS, workers=2)
    answered = threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.run, server.client(), answered) for writer in writers]
        for _ in range(KILL_AFTER[0]):
            assert answered.acquire(timeout=20)
        workers = server.pids()[1:]
        server.process.kill()
        server.process.wait()
    for each in running:
        each.result()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until, "the workers go on without their supervisor"
        time.sleep(0.05)
    server = start_server(data_dir, USERS, workers=2)
    is_well(server, writers)
    assert server.stop() == 0


def test_an_answer_that_is_forgotten_is_caught(tmp_path: Path) -> None:
    """What a server does that loses an acknowledged change: the file is not what anybody was told."""
    writer = Writer(0)
    with running_server(tmp_path / "data", USERS) as server:
        client = server.client()
        writer.put(client, "w0-0")
        client.delete("w0-0")
        with pytest.raises(AssertionError, match="is none of"):
            verify(client, [writer])


def verify(client: Client, writers: list[Writer]) -> None:
    """Compare every file with what it may hold, and take what it holds for certain from here on."""
    names = {href.rpartition("/")[2] for href in listing(client).hrefs[1:]}
    for writer in writers:
        for name, expected in writer.files.items():
            body = client.get(name).body if name in names else None
            assert expected.allows(body), f"{name}: {_digest(body)} is none of {_digest(expected.certain)}"
            expected.certain, expected.maybe = body, []
    assert names <= {name for writer in writers for name in writer.files}


def _digest(body: bytes | None) -> str:
    return "nothing" if body is None else f"{len(body)} bytes {hashlib.sha256(body).hexdigest()[:12]}"
