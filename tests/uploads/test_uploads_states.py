"""The state machine of uploads, on both databases."""

import hashlib
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, EntityTag
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions
from davdrive.drive.read import open_content
from davdrive.drive.uploads.abort import abort, drop_part
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.expire import expire_uploads
from davdrive.drive.uploads.find import UploadDetails, UploadRef, find, list_parts, list_uploads
from davdrive.drive.uploads.state import NEXT, Event, after
from davdrive.errors import (
    AlreadyExists,
    BodyMismatch,
    ChecksumMismatch,
    Conflict,
    DriveError,
    Gone,
    Locked,
    NotFound,
    PreconditionFailed,
    QuotaExceeded,
    TooLarge,
    TooManyRequests,
)
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ABORTED, COMPLETE, PENDING
from tests.uploads.conftest import limit, one, used_bytes
from tests.uploads.upload_steps import (
    FILE,
    abort_step,
    complete_step,
    content,
    finished,
    part,
    part_step,
    pattern,
    started,
    written,
)

_DAY_MS = 86_400_000
_NOW = Statement("SELECT {NOW_MS}")


def test_only_a_pending_upload_changes_and_the_late_hear_how_it_ended() -> None:
    assert {state for state, _ in NEXT} == {PENDING}
    assert after(PENDING, Event.COMPLETE) == COMPLETE
    for event in Event:
        with pytest.raises(Conflict):
            after(COMPLETE, event)
        with pytest.raises(Gone):
            after(ABORTED, event)


def test_parts_out_of_order_become_one_file_and_their_objects_its_segments(backend: Backend) -> None:
    whole = pattern(7321)
    ref, keys = started(backend), set()
    for number in (3, 1, 2):
        assert part(backend, ref, number, whole[(number - 1) * 3000 : number * 3000]).created
    keys = {each.key for each in backend.contents.store.list()}
    assert used_bytes(backend) == len(whole)
    result = finished(backend, ref, modified_ms=1_600_000_000_123)
    assert result.created
    assert content(backend) == whole
    assert {each.key for each in backend.contents.store.list()} == keys, "no byte was copied"
    assert open_content(backend, SYSTEM, FILE).resource.modified_ms == 1_600_000_000_123
    assert used_bytes(backend) == len(whole)


def test_a_part_that_comes_again_takes_the_place_of_the_first(backend: Backend) -> None:
    ref = started(backend)
    part(backend, ref, 1, pattern(2500))
    again = part(backend, ref, 1, pattern(500, seed=9))
    assert not again.created
    assert find(backend, SYSTEM, ref).upload.received == 500
    finished(backend, ref)
    assert content(backend) == pattern(500, seed=9)


def test_a_part_can_be_dropped_and_an_upload_listed(backend: Backend) -> None:
    ref = started(backend)
    for number in (1, 2, 3):
        part(backend, ref, number, pattern(number * 10))
    drop_part(backend, SYSTEM, ref, 2)
    found = find(backend, SYSTEM, ref).upload
    assert [(each.name, each.size) for each in list_parts(backend, found)] == [("00001", 10), ("00003", 30)]
    assert (found.received, found.parts) == (40, 2)
    assert [each.name for each in list_uploads(backend, SYSTEM, "bob")] == ["up"]
    with pytest.raises(NotFound):
        drop_part(backend, SYSTEM, ref, 2)


def test_a_missing_part_is_told_and_can_be_sent_afterwards(backend: Backend) -> None:
    ref = started(backend)
    part(backend, ref, 1, b"one")
    part(backend, ref, 3, b"three")
    with pytest.raises(BodyMismatch, match="part 2 is missing"):
        finished(backend, ref)
    part(backend, ref, 2, b"two")
    finished(backend, ref)
    assert content(backend) == b"onetwothree"


def test_chunks_called_by_their_bytes_must_leave_no_gap(backend: Backend) -> None:
    ref = started(backend)
    part(backend, ref, 0, b"0123", "000-003")
    part(backend, ref, 6, b"67", "006-007")
    with pytest.raises(BodyMismatch, match="bytes from 4 on"):
        finished(backend, ref)
    part(backend, ref, 4, b"45", "004-005")
    finished(backend, ref)
    assert content(backend) == b"01234567"


def test_an_empty_upload_is_an_empty_file_and_an_empty_part_is_nothing(backend: Backend) -> None:
    finished(backend, started(backend))
    assert content(backend) == b""
    ref = started(backend, "other")
    part(backend, ref, 1, b"")
    part(backend, ref, 2, b"x")
    finished(backend, ref)
    assert content(backend) == b"x"


@pytest.mark.parametrize("parts", [1, 3])
def test_a_wrong_checksum_keeps_the_old_file_and_the_upload(backend: Backend, parts: int) -> None:
    written(backend, b"old")
    ref, whole = started(backend), pattern(3000)
    for number in range(parts):
        part(backend, ref, number + 1, whole[number * 3000 // parts : (number + 1) * 3000 // parts])
    for algorithm in ("sha1", "sha256"):
        with pytest.raises(ChecksumMismatch):
            finished(backend, ref, checksums={algorithm: "00" * 20})
    assert content(backend) == b"old"
    sha1 = hashlib.sha1(whole).hexdigest()
    finished(backend, ref, checksums={"sha1": sha1})
    found = open_content(backend, SYSTEM, FILE).content
    assert (found.sha256, found.digests) == (hashlib.sha256(whole).digest(), {"sha1": sha1})


def test_without_a_checksum_the_sha256_of_several_parts_is_not_known_and_of_one_it_is(backend: Backend) -> None:
    ref = started(backend)
    part(backend, ref, 1, pattern(2000))
    finished(backend, ref)
    assert open_content(backend, SYSTEM, FILE).content.sha256 == hashlib.sha256(pattern(2000)).digest()
    ref = started(backend)
    part(backend, ref, 1, b"a")
    part(backend, ref, 2, b"b")
    finished(backend, ref)
    assert open_content(backend, SYSTEM, FILE).content.sha256 is None


def test_a_length_that_was_declared_otherwise_is_refused(backend: Backend) -> None:
    ref = started(backend, total=10)
    part(backend, ref, 1, b"12345")
    with pytest.raises(BodyMismatch):
        finished(backend, ref)
    with pytest.raises(BodyMismatch):
        part(backend, ref, 2, b"123456")
    part(backend, ref, 2, b"67890")
    with pytest.raises(BodyMismatch):
        finished(backend, ref, declared_size=11)
    finished(backend, ref, declared_size=10)


def test_preconditions_and_locks_of_the_target_are_judged_at_the_end(backend: Backend) -> None:
    old = written(backend, b"old")
    ref = started(backend)
    part(backend, ref, 1, b"new")
    wrong = Conditions(if_match=(EntityTag("something else"),))
    with pytest.raises(PreconditionFailed):
        complete(backend, SYSTEM, ref, FILE, PutOptions(), wrong)
    with pytest.raises(PreconditionFailed):
        complete(backend, SYSTEM, ref, FILE, PutOptions(), overwrite=False)
    lock(backend, Caller("alice"), FILE, LockRequest(True, False, None, 60))
    with pytest.raises(Locked):
        complete(backend, SYSTEM, ref, FILE, PutOptions())
    assert content(backend) == b"old"
    other = DrivePath("bob", ("other.bin",))
    assert complete(backend, SYSTEM, ref, other, PutOptions()).etag != old.etag


def test_an_upload_into_one_drive_can_be_completed_in_another(backend: Backend) -> None:
    ref, path = started(backend), DrivePath("alice", ("file.bin",))
    part(backend, ref, 1, pattern(1500))
    finished(backend, ref, path)
    assert content(backend, path) == pattern(1500)
    assert (used_bytes(backend), used_bytes(backend, "alice")) == (0, 1500)


def test_the_quota_is_judged_by_the_declared_total_by_each_part_and_at_the_end(backend: Backend) -> None:
    limit(backend, 1000)
    with pytest.raises(QuotaExceeded):
        begin(backend, SYSTEM, "bob", name="large", total=1001)
    ref = started(backend, total=None)
    with pytest.raises(QuotaExceeded):
        add_part(backend, SYSTEM, ref, 1, "1", _never(), PartOptions(total=1001), Deadline())
    part(backend, ref, 1, pattern(600))
    with pytest.raises(QuotaExceeded):
        part(backend, ref, 2, pattern(401))
    part(backend, ref, 2, pattern(400))
    with pytest.raises(QuotaExceeded):
        written(backend, b"x")
    limit(backend, 999)
    with pytest.raises(QuotaExceeded):
        finished(backend, ref)
    limit(backend, 1000)
    finished(backend, ref)
    assert used_bytes(backend) == 1000


def _never() -> Any:
    raise AssertionError("the body was asked for")
    yield b""


def test_too_many_parts_uploads_and_bytes_are_refused_at_the_limit_and_not_before(backend: Backend) -> None:
    ref = started(backend)
    for number in range(1, backend.limits.upload_parts + 1):
        part(backend, ref, number, b"x")
    with pytest.raises(TooLarge):
        part(backend, ref, backend.limits.upload_parts + 1, b"x")
    part(backend, ref, 1, b"again")
    with pytest.raises(TooLarge):
        begin(backend, SYSTEM, "bob", total=backend.limits.file_bytes + 1)
    for number in range(backend.limits.uploads_per_user - 1):
        started(backend, f"more {number}")
    with pytest.raises(TooManyRequests):
        started(backend, "one too many")


def test_aborting_frees_the_room_and_ends_the_upload(backend: Backend) -> None:
    ref = UploadRef("bob", id=begin(backend, SYSTEM, "bob").id)
    part(backend, ref, 1, pattern(5000))
    abort(backend, SYSTEM, ref)
    assert used_bytes(backend) == 0
    for late in (abort_step(ref), complete_step(ref), part_step(ref)):
        with pytest.raises(Gone):
            late(backend)


def test_a_name_can_be_used_again_once_its_upload_has_ended(backend: Backend) -> None:
    for body in (b"first", b"second"):
        ref = started(backend)
        with pytest.raises(AlreadyExists):
            started(backend)
        part(backend, ref, 1, body)
        finished(backend, ref)
        assert content(backend) == body


def test_completing_again_is_answered_as_the_first_time_and_elsewhere_refused(backend: Backend) -> None:
    ref = started(backend)
    part(backend, ref, 1, b"bytes")
    first = finished(backend, ref)
    assert finished(backend, ref) == first
    for late in (abort_step(ref), part_step(ref)):
        with pytest.raises(Conflict):
            late(backend)
    with pytest.raises(Conflict):
        finished(backend, ref, DrivePath("bob", ("elsewhere",)))


def test_what_was_said_at_the_beginning_counts_at_the_end(backend: Backend) -> None:
    details = UploadDetails(media_type="image/png", modified_ms=1000, created_ms=500)
    upload = begin(backend, SYSTEM, "bob", path=FILE, details=details)
    ref = UploadRef("bob", id=upload.id)
    append(backend, SYSTEM, ref, 0, [b"png"], checksums={}, declared_size=3, deadline=Deadline())
    complete(backend, SYSTEM, ref, None, PutOptions(modified_ms=2000))
    found = open_content(backend, SYSTEM, FILE).resource
    assert (found.media_type, found.modified_ms, found.created_ms) == ("image/png", 2000, 500)


def test_an_upload_is_nobody_elses(backend: Backend) -> None:
    ref = started(backend)
    for late in (abort_step(ref), complete_step(ref), part_step(ref)):
        with pytest.raises(NotFound):
            late(backend, Caller("mallory", 4711))


def test_an_idle_upload_expires_and_one_that_ended_is_forgotten(backend: Backend) -> None:
    idle, busy, done = started(backend, "idle"), started(backend, "busy"), started(backend, "done")
    part(backend, idle, 1, pattern(3000))
    part(backend, done, 1, b"done")
    finished(backend, done)
    now = one(backend, _NOW)
    assert expire_uploads(backend, now + _DAY_MS - 10_000) == 0
    assert expire_uploads(backend, now + _DAY_MS + 10_000) == 2
    assert used_bytes(backend) == 4
    for ref in (idle, busy, done):
        with pytest.raises((NotFound, Gone)):
            part(backend, ref, 1, b"late")
    assert content(backend) == b"done"


def test_a_stream_that_breaks_keeps_what_came_except_under_a_checksum(backend: Backend) -> None:
    upload = begin(backend, SYSTEM, "bob", total=20_000)
    ref, whole = UploadRef("bob", id=upload.id), pattern(20_000)

    def broken(start: int, stop: int) -> Any:
        for at in range(start, stop, 700):
            yield memoryview(whole)[at : min(at + 700, stop)]
        raise BodyMismatch("the line broke")

    with pytest.raises(BodyMismatch, match="the line broke"):
        append(backend, SYSTEM, ref, 0, broken(0, 9100), checksums={}, declared_size=20_000, deadline=Deadline())
    assert find(backend, SYSTEM, ref).upload.received == 9100
    with pytest.raises(BodyMismatch, match="the line broke"):
        append(
            backend, SYSTEM, ref, 9100, broken(9100, 12_000), checksums={"md5": "0" * 32}, declared_size=None,
            deadline=Deadline(),
        )  # fmt: skip
    with pytest.raises(Conflict, match="goes on at byte 9100"):
        append(backend, SYSTEM, ref, 9101, [b"x"], checksums={}, declared_size=1, deadline=Deadline())
    rest = {"sha1": hashlib.sha1(whole[9100:]).hexdigest()}
    assert (
        append(backend, SYSTEM, ref, 9100, [whole[9100:]], checksums=rest, declared_size=None, deadline=Deadline())
        == 20_000
    )
    complete(backend, SYSTEM, ref, FILE, PutOptions())
    assert content(backend) == whole


def test_a_cancelled_stream_keeps_what_came(backend: Backend) -> None:
    ref, deadline = UploadRef("bob", id=begin(backend, SYSTEM, "bob").id), Deadline()

    def stream() -> Any:
        yield pattern(5000)
        deadline.cancel("the client went away")
        yield pattern(5000)

    with pytest.raises(DriveError):
        append(backend, SYSTEM, ref, 0, stream(), checksums={}, declared_size=None, deadline=deadline)
    assert find(backend, SYSTEM, ref).upload.received == 10_000 or find(backend, SYSTEM, ref).upload.received == 5000
