"""Two that want to end or go on with one upload at the same moment, on both databases."""

import threading
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.find import UploadRef, find
from davdrive.errors import Conflict, DriveError, Gone, NotFound
from davdrive.metadata.caller import SYSTEM
from tests.uploads.conftest import used_bytes
from tests.uploads.upload_steps import Step, abort_step, complete_step, content, finished, part, pattern, started


def race(backend: Backend, *steps: Step) -> list[Any]:
    """Do the steps at the same moment; what each returned or raised."""
    gate, results = threading.Barrier(len(steps)), [None] * len(steps)

    def run(at: int) -> None:
        gate.wait()
        try:
            results[at] = steps[at](backend)
        except DriveError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(steps))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results


def test_of_complete_and_abort_one_wins_and_the_loser_is_told(backend: Backend) -> None:
    for attempt in range(8):
        ref = UploadRef("bob", id=begin(backend, SYSTEM, "bob").id)
        append(backend, SYSTEM, ref, 0, [b"body"], checksums={}, declared_size=4, deadline=Deadline())
        path = DrivePath("bob", (f"raced {attempt}",))
        completing: Step = lambda backend, ref=ref, path=path: finished(backend, ref, path)  # noqa: E731
        done, aborted = race(backend, completing, abort_step(ref))
        assert isinstance(done, Gone) != isinstance(aborted, Conflict), (done, aborted)
        if isinstance(aborted, Conflict):
            assert content(backend, path) == b"body"
        else:
            with pytest.raises(NotFound):
                content(backend, path)


def test_of_complete_and_complete_one_makes_the_version_and_both_hear_of_it(backend: Backend) -> None:
    for attempt in range(5):
        ref = started(backend, f"{attempt}")
        part(backend, ref, 1, b"body")
        one_, other = race(backend, complete_step(ref), complete_step(ref))
        assert one_ == other, (one_, other)
        assert used_bytes(backend) == 4 * (attempt + 1)


def test_of_two_appends_at_one_offset_one_wins(backend: Backend) -> None:
    for _ in range(5):
        ref = UploadRef("bob", id=begin(backend, SYSTEM, "bob").id)

        def appending(backend: Backend, ref: UploadRef = ref) -> int:
            return append(backend, SYSTEM, ref, 0, [b"body"], checksums={}, declared_size=4, deadline=Deadline())

        results = race(backend, appending, appending)
        assert sorted(map(type, results), key=str) == [Conflict, int] or results == [4, 4]
        assert find(backend, SYSTEM, ref).upload.received == 4


def test_parallel_parts_all_arrive(backend: Backend) -> None:
    ref, whole = started(backend), pattern(8000)
    steps: list[Step] = [
        lambda backend, at=at: part(backend, ref, at + 1, whole[at * 1000 : at * 1000 + 1000]) for at in range(8)
    ]
    assert all(not isinstance(each, DriveError) for each in race(backend, *steps))
    finished(backend, ref)
    assert content(backend) == whole
