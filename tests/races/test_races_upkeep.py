"""Upkeep and uploads against everything else: whoever comes first wins, and no byte that a row names is gone (P6)."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive, open_database, sqlite_url
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content, read_bytes
from davdrive.drive.restore import restore_deleted
from davdrive.drive.trash import list_trash
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.find import UploadRef
from davdrive.errors import Damaged, DriveError
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.options import UpkeepOptions
from davdrive.upkeep.rounds import run_round

AT_ONCE = UpkeepOptions(retention_s=0, request_s=0, grace_s=0, sweep_age_s=3600, sweep_interval_s=0, batch=3)
"""Forget and delete at once. Only the sweep keeps an age: it may not know what is being stored this very moment."""

BYTES = b"0123456789" * 12
ROUNDS = 40
JITTER_S, UPKEEP_S = 0.004, 0.03
"""About as long as a change takes, and as a round of upkeep."""


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Backend, Backend]]:
    """Two nodes on one database and one store."""
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    store = MemoryStore()
    both = [
        Backend(open_database(DatabaseOptions(url, pool_size=4)), ContentStore(store, segment_bytes=32, inline_bytes=8))
        for _ in range(2)
    ]
    ensure_drive(both[0], "d")
    yield both[0], both[1]
    for each in both:
        each.database.close()
        each.contents.close()


def _at(*names: str) -> DrivePath:
    return DrivePath("d", names)


def _outcome(work: Callable[[], Any]) -> str:
    try:
        work()
    except DriveError as error:
        return type(error).__name__
    return "done"


def _at_once(dice: random.Random, *works: Callable[[], Any], jitter_s: float = JITTER_S) -> list[str]:
    """Do all at nearly the same time; what came of each."""
    line = threading.Barrier(len(works))
    outcomes = [""] * len(works)

    def run(number: int, wait_s: float) -> None:
        line.wait()
        time.sleep(wait_s)
        outcomes[number] = _outcome(works[number])

    threads = [threading.Thread(target=run, args=(n, dice.uniform(0, jitter_s))) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _upkeep(backend: Backend) -> Callable[[], Any]:
    return lambda: run_round(backend, AT_ONCE, whole=True)


def _holds(backend: Backend, path: DrivePath) -> bytes:
    opened = open_content(backend, SYSTEM, path)
    return b"".join(read_bytes(backend, opened.content, 0, opened.content.size, Deadline()))


def _clean(backend: Backend) -> None:
    assert [finding.message for finding in check(backend, CheckOptions(read_data=True))] == []


def test_restoring_from_the_trash_against_purging_it(nodes: tuple[Backend, Backend]) -> None:
    one, other = nodes
    dice, seen = random.Random(1), Counter[str]()
    for number in range(ROUNDS):
        path = _at(f"file {number}")
        put(one, SYSTEM, path, [BYTES], PutOptions())
        delete(one, SYSTEM, path)
        identity = next(iter(list_trash(one, SYSTEM, "d"))).id
        time.sleep(0.002)  # what ended in this very millisecond is not purged
        restored, _ = _at_once(
            dice,
            lambda i=identity: restore_deleted(one, SYSTEM, "d", i),  # type: ignore[misc]
            _upkeep(other),
            jitter_s=UPKEEP_S,
        )
        seen[restored] += 1
        assert restored in ("done", "NotFound")
        if restored == "done":
            assert _holds(one, path) == BYTES
    _clean(one)
    assert len(seen) == 2, f"one of the two always won: {seen}"


def test_copying_a_tree_against_deleting_and_purging_it(nodes: tuple[Backend, Backend]) -> None:
    one, other = nodes
    dice, seen = random.Random(2), Counter[str]()
    for number in range(ROUNDS):
        source, target = _at("source"), _at(f"copy {number}")
        put(one, SYSTEM, source, [BYTES], PutOptions())

        def remove_for_good(path: DrivePath = source) -> None:
            delete(other, SYSTEM, path)
            time.sleep(0.002)
            run_round(other, AT_ONCE, whole=True)

        copied, _ = _at_once(dice, lambda s=source, t=target: copy(one, SYSTEM, s, t), remove_for_good)  # type: ignore[misc]
        seen[copied] += 1
        assert copied in ("done", "NotFound")
        if copied == "done":
            assert _holds(one, target) == BYTES
    _clean(one)
    assert seen["done"], "nothing was ever copied in time"


def _download_through_a_purge(nodes: tuple[Backend, Backend], options: UpkeepOptions) -> bytes:
    one, other = nodes
    put(one, SYSTEM, _at("file"), [BYTES], PutOptions())
    opened = open_content(one, SYSTEM, _at("file"))
    blocks = iter(read_bytes(one, opened.content, 0, opened.content.size, Deadline()))
    first = next(blocks)
    put(other, SYSTEM, _at("file"), [b"replaced" * 9], PutOptions())
    time.sleep(0.002)
    run_round(other, options, whole=True)
    return first + b"".join(blocks)


def test_a_download_that_began_before_its_file_was_purged_keeps_its_bytes(nodes: tuple[Backend, Backend]) -> None:
    """With the grace that the product cannot go below: the longest request."""
    options = UpkeepOptions(retention_s=0, request_s=60, grace_s=0, sweep_age_s=0)
    assert _download_through_a_purge(nodes, options) == BYTES


def test_without_that_grace_the_download_is_seen_to_break(nodes: tuple[Backend, Backend]) -> None:
    with pytest.raises(Damaged):
        _download_through_a_purge(nodes, AT_ONCE)


def test_completing_an_upload_against_aborting_it(nodes: tuple[Backend, Backend]) -> None:
    one, other = nodes
    dice, seen = random.Random(3), Counter[tuple[str, str]]()
    for number in range(ROUNDS):
        path = _at(f"upload {number}")
        ref = UploadRef("d", id=begin(one, SYSTEM, "d", path=path).id)
        add_part(one, SYSTEM, ref, 1, "1", [BYTES], PartOptions(), Deadline())
        outcomes = _at_once(
            dice,
            lambda r=ref: complete(one, SYSTEM, r, None, PutOptions()),  # type: ignore[misc]
            lambda r=ref: abort(other, SYSTEM, r),  # type: ignore[misc]
        )
        seen[outcomes[0], outcomes[1]] += 1
        assert outcomes.count("done") == 1, f"both or none took place: {outcomes}"
        if outcomes[0] == "done":
            assert _holds(one, path) == BYTES
        else:
            assert _outcome(lambda p=path: _holds(one, p)) == "NotFound"  # type: ignore[misc]
    run_round(one, AT_ONCE, whole=True)
    _clean(one)
    assert len(seen) == 2, f"one of the two always won: {seen}"


def test_two_completions_of_one_upload_make_one_version(nodes: tuple[Backend, Backend]) -> None:
    one, other = nodes
    dice = random.Random(4)
    for number in range(ROUNDS // 2):
        path = _at(f"twice {number}")
        ref = UploadRef("d", id=begin(one, SYSTEM, "d", path=path).id)
        add_part(one, SYSTEM, ref, 1, "1", [BYTES], PartOptions(), Deadline())
        outcomes = _at_once(
            dice,
            lambda r=ref: complete(one, SYSTEM, r, None, PutOptions()),  # type: ignore[misc]
            lambda r=ref: complete(other, SYSTEM, r, None, PutOptions()),  # type: ignore[misc]
        )
        assert set(outcomes) <= {"done", "Conflict"}
        assert "done" in outcomes
        assert _holds(one, path) == BYTES
    _clean(one)


def test_a_part_against_the_completion_is_in_the_file_or_refused(nodes: tuple[Backend, Backend]) -> None:
    one, other = nodes
    dice = random.Random(5)
    for number in range(ROUNDS // 2):
        path = _at(f"late {number}")
        ref = UploadRef("d", id=begin(one, SYSTEM, "d", path=path).id)
        add_part(one, SYSTEM, ref, 1, "1", [BYTES], PartOptions(), Deadline())
        completed, late = _at_once(
            dice,
            lambda r=ref: complete(one, SYSTEM, r, None, PutOptions()),  # type: ignore[misc]
            lambda r=ref: add_part(other, SYSTEM, r, 2, "2", [b"more"], PartOptions(), Deadline()),  # type: ignore[misc]
        )
        if completed == "done":
            assert _holds(one, path) == (BYTES + b"more" if late == "done" else BYTES)
        else:
            assert late == "done", f"both were refused: {completed}, {late}"
    run_round(one, AT_ONCE, whole=True)
    _clean(one)
