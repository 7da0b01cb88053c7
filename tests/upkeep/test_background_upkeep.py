"""Upkeep inside a server: one process at a time does it, an error does not end it, a stop does."""

import logging
import threading
import time

import pytest

from davdrive.drive.backend import Backend
from davdrive.errors import Unavailable
from davdrive.metadata.alone import alone
from davdrive.upkeep import background
from davdrive.upkeep.background import BackgroundUpkeep
from davdrive.upkeep.rounds import LOCK
from tests.support.eventually import until
from tests.upkeep.conftest import AT_ONCE
from tests.upkeep.upkeep_rig import objects_of, remove, write


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "REST_S", 0.02)


def test_what_is_deleted_disappears_while_the_server_runs(backend: Backend) -> None:
    write(backend, "d/file")
    running = BackgroundUpkeep(backend, AT_ONCE, 0.05)
    running.start()
    remove(backend, "d/file")
    until(lambda: not objects_of(backend))
    running.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "upkeep"]


def test_of_several_processes_one_does_it_and_the_others_wait(backend: Backend) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")
    running = BackgroundUpkeep(backend, AT_ONCE, 0.02)
    with alone(backend.database, LOCK) as held:
        assert held is not None
        running.start()
        time.sleep(0.3)
        assert objects_of(backend)
    until(lambda: not objects_of(backend))
    running.stop()


def test_a_store_that_is_away_is_told_and_tried_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")

    def away(key: str) -> None:
        raise Unavailable("the object store does not answer")

    running = BackgroundUpkeep(backend, AT_ONCE, 0.02)
    with caplog.at_level(logging.WARNING), monkeypatch.context() as patched:
        patched.setattr(backend.contents.store, "delete", away)
        running.start()
        until(lambda: "does not answer" in caplog.text)
    until(lambda: not objects_of(backend))
    running.stop()


def test_a_stop_ends_it_within_a_batch(backend: Backend) -> None:
    for number in range(30):
        write(backend, "d/file", b"%d" % number * 9)
    running = BackgroundUpkeep(backend, AT_ONCE, 3600)
    running.start()
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < background.STOP_S
