"""Contents in segments: what `ContentStore` promises, on a store in memory, on local files and on S3."""

import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.deadline import Deadline, unlimited
from davdrive.errors import BadRequest, Cancelled, Damaged, StorageFull, Unavailable
from davdrive.objects import uploads
from davdrive.objects.base import ObjectStore, SegmentRef
from davdrive.objects.content import ContentStore, StoredContent
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from tests.support.faulty import FaultPlan, FaultyStore, always, full, nth

SEGMENT = 1000
INLINE = 100


@pytest.fixture(params=["memory", "local", "s3"])
def contents(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContentStore]:
    kinds = {"memory": MemoryStore, "local": lambda: LocalStore(tmp_path / "objects")}
    store = request.getfixturevalue("s3_store") if request.param == "s3" else kinds[request.param]()
    with ContentStore(store, segment_bytes=SEGMENT, inline_bytes=INLINE) as made:
        yield made


def over(store: ObjectStore, **options: float) -> ContentStore:
    return ContentStore(store, segment_bytes=SEGMENT, inline_bytes=INLINE, **options)  # type: ignore[arg-type]


def read(contents: ContentStore, stored: StoredContent, start: int = 0, stop: int | None = None) -> bytes:
    with contents.read(stored.segments, start, stored.size if stop is None else stop, unlimited()) as stream:
        return b"".join(stream)


def keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list()]


@pytest.mark.parametrize("size", [0, 1, INLINE - 1, INLINE])
def test_a_small_body_is_inline_and_makes_no_object(contents: ContentStore, size: int) -> None:
    body = os.urandom(size)
    stored = contents.write([body[:40], body[40:]], unlimited())
    assert (stored.inline, stored.segments, stored.size) == (body, (), size)
    assert stored.sha256 == hashlib.sha256(body).digest()
    assert keys(contents.store) == []


@pytest.mark.parametrize("size", [INLINE + 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 5 * SEGMENT + 7])
@pytest.mark.parametrize("chunk", [77, 333, 100_000])
def test_a_larger_body_becomes_segments_of_bounded_size(contents: ContentStore, size: int, chunk: int) -> None:
    body = os.urandom(size)
    stored = contents.write((body[at : at + chunk] for at in range(0, size, chunk)), unlimited())
    assert stored.inline is None
    assert [segment.length for segment in stored.segments] == [
        min(SEGMENT, size - at) for at in range(0, size, SEGMENT)
    ]
    assert stored.sha256 == hashlib.sha256(body).digest()
    assert read(contents, stored) == body
    assert keys(contents.store) == sorted(segment.key for segment in stored.segments)


def test_a_part_is_a_segment_however_small_it_is(contents: ContentStore) -> None:
    stored = contents.write([b"x"], unlimited(), inline_bytes=0)
    assert stored.inline is None
    assert [segment.length for segment in stored.segments] == [1]
    assert read(contents, stored) == b"x"
    empty = contents.write([b""], unlimited(), inline_bytes=0)
    assert (empty.inline, empty.segments) == (b"", ())


def test_the_next_chunk_may_overwrite_the_buffer_of_the_last(contents: ContentStore) -> None:
    buffer = bytearray(300)

    def chunks() -> Iterator[memoryview]:
        for number in range(20):
            buffer[:] = bytes([number]) * 300
            yield memoryview(buffer)[: 200 + number]

    stored = contents.write(chunks(), unlimited())
    assert read(contents, stored) == b"".join(bytes([number]) * (200 + number) for number in range(20))


def test_digests_are_computed_only_when_asked_for(contents: ContentStore) -> None:
    body = os.urandom(2500)
    assert contents.write([body], unlimited()).digests == {}
    names = ("sha1", "md5", "adler32", "crc32", "sha512", "sha256")
    asked = contents.write([body[:7], body[7:]], unlimited(), names).digests
    assert asked == {
        "sha1": hashlib.sha1(body).digest(),
        "md5": hashlib.md5(body).digest(),
        "adler32": zlib.adler32(body).to_bytes(4, "big"),
        "crc32": zlib.crc32(body).to_bytes(4, "big"),
        "sha512": hashlib.sha512(body).digest(),
        "sha256": hashlib.sha256(body).digest(),
    }


def test_an_unknown_digest_is_refused_before_anything_is_read(contents: ContentStore) -> None:
    with pytest.raises(BadRequest, match="rot13"):
        contents.write(iter(lambda: pytest.fail("the body was read"), None), unlimited(), ["rot13"])


def test_every_range_is_right_and_touches_only_its_segments() -> None:
    store = MemoryStore()
    with over(store) as contents:
        body = os.urandom(3 * SEGMENT + 17)
        stored = contents.write([body], unlimited())
        for start in (0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, len(body) - 1, len(body)):
            for stop in (start, start + 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, len(body)):
                if start <= stop <= len(body):
                    assert read(contents, stored, start, stop) == body[start:stop]
        for segment in stored.segments[1:]:
            store.delete(segment.key)
        assert read(contents, stored, 10, SEGMENT) == body[10:SEGMENT]


def test_segments_may_begin_inside_an_object_and_be_shared(contents: ContentStore) -> None:
    stored = contents.write([b"0123456789" * 100], unlimited())
    (segment,) = stored.segments
    mixed = [SegmentRef(segment.key, 5, 3), SegmentRef(segment.key, 0, 2), SegmentRef(segment.key, 998, 2)]
    with contents.read(mixed, 1, 6, unlimited()) as stream:
        assert b"".join(stream) == b"67018"


def test_a_range_that_the_segments_do_not_hold_is_damage(contents: ContentStore) -> None:
    stored = contents.write([b"x" * 1500], unlimited())
    with pytest.raises(Damaged, match="fewer bytes"):
        contents.read(stored.segments, 0, 1501, unlimited())
    with pytest.raises(ValueError, match="range"):
        contents.read(stored.segments, 5, 4, unlimited())


def test_a_cut_body_leaves_nothing_and_its_error_goes_up(contents: ContentStore) -> None:
    def cut() -> Iterator[bytes]:
        yield b"x" * 4500
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError, match="went away"):
        contents.write(cut(), unlimited())
    assert keys(contents.store) == []


def test_a_cancelled_request_leaves_nothing(contents: ContentStore) -> None:
    deadline = Deadline(None)

    def chunks() -> Iterator[bytes]:
        yield b"x" * 4500
        deadline.cancel("the server is stopping")
        yield b"y"

    with pytest.raises(Cancelled, match="stopping"):
        contents.write(chunks(), deadline)
    assert keys(contents.store) == []


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("operation", ["create", "write", "finish"])
def test_a_store_that_fails_at_any_segment_leaves_nothing(operation: str, number: int) -> None:
    store = FaultyStore(MemoryStore(), nth(operation, number, full))
    with over(store) as contents, pytest.raises(StorageFull):
        contents.write([b"x" * 4500], unlimited())
    assert keys(store.inner) == []


def test_a_lost_reply_leaves_nothing_either() -> None:
    store = FaultyStore(MemoryStore(), nth("finish", 2, after=True))
    with over(store) as contents, pytest.raises(Unavailable):
        contents.write([b"x" * 4500], unlimited())
    assert keys(store.inner) == []


def test_a_failed_segment_is_noticed_long_before_the_end_of_the_body() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"x" * SEGMENT

    store = FaultyStore(MemoryStore(), nth("finish", 1))
    with over(store, uploads_in_flight=2) as contents, pytest.raises(Unavailable):
        contents.write(chunks(), unlimited())
    assert taken < 1000


def test_no_more_segments_are_in_flight_than_the_pool_has_slots() -> None:
    plan = FaultPlan(stall=threading.Event())
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"x" * SEGMENT

    store = FaultyStore(MemoryStore(), plan)
    with over(store, uploads_in_flight=3, slot_wait_s=0.05) as contents:
        with pytest.raises(Unavailable, match="busy"):
            contents.write(chunks(), Deadline(0.5))
        assert taken == 4
    assert keys(store.inner) == []


def test_a_deadline_ends_a_write_whose_store_stalls_and_the_pool_cleans_up() -> None:
    plan = FaultPlan(stall=threading.Event())
    store = FaultyStore(MemoryStore(), plan)
    with over(store) as contents, pytest.raises(Cancelled):
        contents.write([b"x" * 2500], Deadline(0.1))
    assert keys(store.inner) == []


def test_a_segment_that_is_stored_long_after_its_upload_was_given_up_is_deleted_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "SETTLE_S", 0.01)
    plan = FaultPlan(stall=threading.Event())
    store = FaultyStore(MemoryStore(), plan)

    def cut() -> Iterator[bytes]:
        yield b"x" * 2500
        raise ConnectionResetError("the client went away")

    with over(store) as contents:
        with pytest.raises(ConnectionResetError):
            contents.write(cut(), unlimited())
        assert plan.stall is not None
        assert plan.counts["delete"] == 0
        plan.stall.set()
    assert (plan.counts["finish"], plan.counts["delete"]) == (2, 2)
    assert keys(store.inner) == []


def test_discard_removes_the_objects_and_never_raises(contents: ContentStore) -> None:
    contents.discard(contents.write([b"x" * 2500], unlimited()))
    contents.discard(contents.write([b"x"], unlimited()))
    assert keys(contents.store) == []


def test_discard_leaves_to_the_sweep_what_the_store_does_not_let_go(caplog: pytest.LogCaptureFixture) -> None:
    with over(FaultyStore(MemoryStore(), always("delete"))) as contents:
        contents.discard(contents.write([b"x" * 2500], unlimited()))
    assert "next sweep" in caplog.text


def test_local_contents_name_their_files_for_sendfile(tmp_path: Path) -> None:
    body = os.urandom(2500)
    with over(LocalStore(tmp_path)) as contents:
        stored = contents.write([body], unlimited())
        ranges = contents.read(stored.segments, 900, 2100, unlimited()).file_ranges()
        assert ranges is not None
        assert [(offset, length) for _, offset, length in ranges] == [(900, 100), (0, 1000), (0, 100)]
        assert b"".join(path.read_bytes()[at : at + count] for path, at, count in ranges) == body[900:2100]


def test_a_missing_or_short_file_is_damage_before_the_first_byte_goes_out(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    with over(store) as contents:
        stored = contents.write([b"x" * 2500], unlimited())
        stream = contents.read(stored.segments, 0, 2500, unlimited())
        os.truncate(tmp_path / stored.segments[2].key, 499)
        with pytest.raises(Damaged, match="shorter"):
            stream.file_ranges()
        store.delete(stored.segments[1].key)
        with pytest.raises(Damaged, match="missing"):
            stream.file_ranges()


def test_only_local_contents_have_files() -> None:
    with over(MemoryStore()) as contents:
        stored = contents.write([b"x" * 2500], unlimited())
        assert contents.read(stored.segments, 0, 1, unlimited()).file_ranges() is None


def test_verify_notices_a_changed_byte(tmp_path: Path) -> None:
    with over(LocalStore(tmp_path)) as contents:
        stored = contents.write([b"x" * 2500], unlimited())
        contents.verify(stored.segments, stored.size, stored.sha256, unlimited())
        with (tmp_path / stored.segments[1].key).open("r+b") as damaged:
            damaged.write(b"y")
        with pytest.raises(Damaged, match="checksum"):
            contents.verify(stored.segments, stored.size, stored.sha256, unlimited())


@pytest.mark.parametrize("reads_ahead", [0, 1, 3])
def test_reading_ahead_changes_nothing_about_the_bytes(reads_ahead: int) -> None:
    store = MemoryStore(remote=True)
    with over(store, reads_ahead=reads_ahead) as contents:
        body = os.urandom(7 * SEGMENT + 1)
        stored = contents.write([body], unlimited())
        assert read(contents, stored) == body
        assert read(contents, stored, 1500, 4000) == body[1500:4000]


def test_a_stream_closed_early_gives_back_what_it_opened_ahead() -> None:
    inner = MemoryStore(remote=True)
    store = FaultyStore(inner, FaultPlan())
    with over(store, reads_ahead=2) as contents:
        stored = contents.write([b"x" * 5000], unlimited())
        for _ in range(20):
            stream = contents.read(stored.segments, 0, 5000, unlimited())
            next(stream)
            stream.close()
            stream.close()
    assert store.plan.counts["read"] <= 60


def test_an_error_while_reading_ahead_comes_up_where_its_bytes_would() -> None:
    store = MemoryStore(remote=True)
    with over(store, reads_ahead=2) as contents:
        stored = contents.write([b"x" * 3000], unlimited())
        store.delete(stored.segments[2].key)
        stream = contents.read(stored.segments, 0, 3000, unlimited())
        assert next(stream) + next(stream) == b"x" * 2000
        with pytest.raises(Damaged):
            next(stream)
