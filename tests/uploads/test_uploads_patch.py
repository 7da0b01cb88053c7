"""Partial updates: what they change, what they share, and what they leave alone."""

import hashlib
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.update_range import read_update_range
from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, EntityTag
from davdrive.drive.digests import compute_digests, fill_digests, learn_digests
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.names import DrivePath
from davdrive.drive.patch import patch
from davdrive.drive.put import PutOptions, Written
from davdrive.drive.read import open_content
from davdrive.errors import (
    BadRequest,
    ChecksumMismatch,
    DriveError,
    Locked,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.statement import Statement
from tests.uploads.conftest import INLINE_BYTES, SEGMENT_BYTES, one
from tests.uploads.upload_steps import FILE, content, pattern, written

_SEGMENTS = Statement("SELECT count(*) FROM segments WHERE content = :content")
_VERSIONS = Statement("SELECT count(*) FROM versions")


def update(
    backend: Backend, where: str, body: bytes, conditions: Conditions | None = None, **options: object
) -> Written:
    """A PATCH with that X-Update-Range."""
    offset = read_update_range(where).offset
    blocks = [body[at : at + 300] for at in range(0, len(body), 300)]
    return patch(backend, SYSTEM, FILE, blocks, offset, PutOptions(**options), conditions or Conditions())  # type: ignore[arg-type]


def stored_bytes(backend: Backend) -> int:
    """What the object store holds."""
    return sum(each.size for each in backend.contents.store.list())


@pytest.mark.parametrize("size", [0, 5, INLINE_BYTES, INLINE_BYTES + 1, 5 * SEGMENT_BYTES + 7])
@pytest.mark.parametrize("length", [1, INLINE_BYTES, 3 * SEGMENT_BYTES])
def test_every_range_writes_what_it_says_in_files_of_every_size(backend: Backend, size: int, length: int) -> None:
    body = pattern(length, seed=5)
    for where, at in ((f"bytes={size // 2}-", size // 2), ("append", size), (f"bytes=-{size // 3}", size - size // 3)):
        whole = pattern(size)
        written(backend, whole)
        update(backend, where, body)
        assert content(backend) == whole[:at] + body + whole[at + length :]


def test_a_byte_of_a_large_file_costs_a_byte_and_the_old_version_stays(backend: Backend) -> None:
    whole = pattern(40 * SEGMENT_BYTES)
    written(backend, whole)
    before = stored_bytes(backend)
    old = open_content(backend, SYSTEM, FILE).content
    first = update(backend, "bytes=20500-20500", b"!")
    assert stored_bytes(backend) == before + 1
    assert content(backend) == whole[:20500] + b"!" + whole[20501:]
    assert one(backend, _SEGMENTS, content=old.id) == 40
    assert first.etag != update(backend, "bytes=0-0", b"?").etag
    assert one(backend, _VERSIONS) == 3


def test_many_small_appends_stay_few_segments(backend: Backend) -> None:
    written(backend, b"")
    for number in range(400):
        update(backend, "append", b"%03d\n" % number)
    assert content(backend) == b"".join(b"%03d\n" % number for number in range(400))
    found = open_content(backend, SYSTEM, FILE).content
    assert one(backend, _SEGMENTS, content=found.id) <= 1600 // backend.limits.patch_merge_bytes + 2


def test_a_range_past_the_end_or_of_another_length_changes_nothing(backend: Backend) -> None:
    written(backend, b"0123456789")
    for where in ("bytes=11-", "bytes=-11"):
        with pytest.raises(RangeNotSatisfiable):
            update(backend, where, b"x")
    with pytest.raises(BadRequest):
        update(backend, "bytes=2-4", b"four")
    with pytest.raises(BadRequest):
        update(backend, "bytes=2-4", b"four", declared_size=4)
    with pytest.raises(ChecksumMismatch):
        update(backend, "bytes=2-5", b"four", checksums={"sha256": "00" * 32})
    assert content(backend) == b"0123456789"
    with pytest.raises(NotFound):
        patch(backend, SYSTEM, DrivePath("bob", ("none",)), [b"x"], lambda *_: 0, PutOptions())


def test_conditions_and_locks_hold_for_partial_updates(backend: Backend) -> None:
    old = written(backend, pattern(3000))
    tag = Conditions(if_match=(EntityTag(old.etag),))
    new = update(backend, "append", b"x", tag)
    with pytest.raises(PreconditionFailed):
        update(backend, "append", b"x", tag)
    update(backend, "append", b"x", Conditions(if_match=(EntityTag(new.etag),)))
    lock(backend, Caller("alice"), FILE, LockRequest(True, False, None, 60))
    with pytest.raises(Locked):
        update(backend, "append", b"x")
    assert content(backend) == pattern(3000) + b"xx"


def test_appends_at_the_same_time_all_arrive(backend: Backend) -> None:
    written(backend, pattern(500))
    failed: list[DriveError] = []

    def append(number: int) -> None:
        try:
            update(backend, "append", b"%d" % number * 30)
        except DriveError as error:
            failed.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    tail = content(backend)[500:]
    assert sorted(tail[at : at + 30] for at in range(0, 180, 30)) == [b"%d" % number * 30 for number in range(6)]


def test_the_checksum_of_a_patched_file_comes_when_somebody_reads_it_all(backend: Backend) -> None:
    written(backend, pattern(3000))
    update(backend, "bytes=1500-", b"!" * 200)
    whole = content(backend)
    found = open_content(backend, SYSTEM, FILE).content
    assert found.sha256 is None
    assert fill_digests(backend, Deadline()) == (1, 0)
    assert fill_digests(backend, Deadline()) == (0, 0)
    assert open_content(backend, SYSTEM, FILE).content.sha256 == hashlib.sha256(whole).digest()
    assert learn_digests(backend, SYSTEM, FILE, ["sha1"], Deadline())["sha1"] == hashlib.sha1(whole).hexdigest()
    assert compute_digests(backend, found, ["md5"], Deadline())["md5"] == hashlib.md5(whole).hexdigest()
    assert set(open_content(backend, SYSTEM, FILE).content.digests) == {"sha1", "md5"}


def test_a_patch_that_fails_leaves_no_object_behind(backend: Backend) -> None:
    written(backend, pattern(3000))
    before = {each.key for each in backend.contents.store.list()}

    def breaks() -> object:
        yield pattern(2500)
        raise BadRequest("the body broke off")

    with pytest.raises(BadRequest, match="broke off"):
        patch(backend, SYSTEM, FILE, breaks(), lambda *_: 10, PutOptions())  # type: ignore[arg-type]
    with pytest.raises(ChecksumMismatch):
        update(backend, "append", pattern(2500), checksums={"md5": "00" * 16})
    assert {each.key for each in backend.contents.store.list()} == before


_edits = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 2500), st.integers(0, 250)), min_size=1, max_size=6)


@given(st.integers(0, 6000), _edits)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_of_updates_is_what_the_same_slices_of_bytes_are(
    backend: Backend, size: int, edits: list[tuple[int, int, int]]
) -> None:
    expected = bytearray(pattern(size))
    written(backend, bytes(expected))
    for percent, length, seed in edits:
        at = len(expected) * percent // 100
        body = pattern(length, seed)
        update(backend, f"bytes={at}-", body)
        expected[at : at + length] = body
        assert content(backend) == expected
