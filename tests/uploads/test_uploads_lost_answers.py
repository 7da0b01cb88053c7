"""Parts whose commit lost its answer, and what others did with them before anybody could ask."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.open import ensure_drive, open_database
from davdrive.drive.uploads.abort import drop_part
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.find import UploadRef, find, list_parts
from davdrive.errors import DriveError
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from tests.support.pg_proxy import Wire, pg_proxy
from tests.uploads.conftest import INLINE_BYTES, LIMITS, SEGMENT_BYTES
from tests.uploads.upload_steps import content, finished, part, pattern, started

UPLOAD = UploadRef("bob", "up")
BODY, OTHER = pattern(2500), pattern(2500, 7)
WAIT_S = 20.0


@dataclass
class CutOff:
    """A node that loses its answers, and another one that goes on. Both have the same stores."""

    node: Backend
    other: Backend
    wire: Wire

    def during(self, step: Callable[[], Any], committed: Callable[[], bool], meanwhile: Callable[[], object]) -> Any:
        """What the node makes of `step`, whose answer is lost: `meanwhile` comes before it can ask. Or its error."""
        find(self.node, SYSTEM, UPLOAD)  # a connection is open
        self.wire.cut("after")
        self.wire.shut = True
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(step)
            ends = time.monotonic() + WAIT_S
            while not committed():
                assert time.monotonic() < ends
                time.sleep(0.01)
            meanwhile()
            self.wire.shut = False
            return running.exception(WAIT_S) or running.result()


@pytest.fixture
def cut_off(postgres_url: str) -> Iterator[CutOff]:
    store = ContentStore(MemoryStore(), segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
    with pg_proxy(postgres_url) as (url, wire), store:
        node, other = (open_database(DatabaseOptions(each)) for each in (url, postgres_url))
        with contextlib.closing(node), contextlib.closing(other):
            ensure_drive(Backend(other, store, LIMITS), "bob")
            started(Backend(other, store, LIMITS))
            yield CutOff(Backend(node, store, LIMITS), Backend(other, store, LIMITS), wire)


def _has_part(cut_off: CutOff) -> bool:
    return bool(list(list_parts(cut_off.other, find(cut_off.other, SYSTEM, UPLOAD).upload)))


def _part(cut_off: CutOff) -> object:
    return part(cut_off.node, UPLOAD, 1, BODY)


def _append(cut_off: CutOff) -> object:
    ref = UploadRef("bob", id=find(cut_off.other, SYSTEM, UPLOAD).upload.id)
    return append(cut_off.node, SYSTEM, ref, 0, [BODY], checksums={}, declared_size=len(BODY), deadline=Deadline())


@pytest.mark.parametrize("step", [_part, _append])
def test_a_part_that_is_a_files_by_now_keeps_its_bytes(cut_off: CutOff, step: Callable[[CutOff], object]) -> None:
    result = cut_off.during(lambda: step(cut_off), lambda: _has_part(cut_off), lambda: finished(cut_off.other, UPLOAD))
    assert content(cut_off.other) == BODY
    assert not isinstance(result, DriveError)


def test_a_part_that_was_sent_again_meanwhile_is_the_newer_one(cut_off: CutOff) -> None:
    result = cut_off.during(
        lambda: _part(cut_off), lambda: _has_part(cut_off), lambda: part(cut_off.other, UPLOAD, 1, OTHER)
    )
    assert not isinstance(result, DriveError)
    finished(cut_off.other, UPLOAD)
    assert content(cut_off.other) == OTHER


def test_a_part_that_was_dropped_meanwhile_does_not_come_back(cut_off: CutOff) -> None:
    cut_off.during(
        lambda: _part(cut_off), lambda: _has_part(cut_off), lambda: drop_part(cut_off.other, SYSTEM, UPLOAD, 1)
    )
    assert not _has_part(cut_off)


def test_dropping_a_part_takes_no_other_one_that_came_in_its_place(cut_off: CutOff) -> None:
    part(cut_off.other, UPLOAD, 1, OTHER)
    result = cut_off.during(
        lambda: drop_part(cut_off.node, SYSTEM, UPLOAD, 1),
        lambda: not _has_part(cut_off),
        lambda: part(cut_off.other, UPLOAD, 1, BODY),
    )
    assert result is None
    finished(cut_off.other, UPLOAD)
    assert content(cut_off.other) == BODY
