"""The contract of `objects/base.py`, asked of every store and every decorator."""

import os
import threading
from collections.abc import Iterator

import pytest

from davdrive.deadline import Deadline, unlimited
from davdrive.errors import Cancelled, Damaged
from davdrive.objects.base import BLOCK_BYTES, ObjectStore, Shown
from davdrive.objects.keys import new_key

BAD_KEYS = ("", "x", "../../etc/passwd", "/ab/cd/" + "ab" * 16, "ab/cd/" + "0" * 32, "AB/CD/" + "AB" * 16, "ab/cd/x\0")


def put(store: ObjectStore, content: bytes, key: str = "") -> str:
    writer = store.create(key or new_key(), len(content), unlimited())
    writer.write(content)
    writer.finish()
    assert writer.size == len(content)
    return writer.key


def get(store: ObjectStore, key: str, offset: int, length: int) -> bytes:
    return b"".join(store.read(key, offset, length, unlimited()))


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [info.key for info in store.list(prefix)]


def test_what_was_written_is_read_back(store: ObjectStore) -> None:
    key = put(store, b"hello drive")
    assert get(store, key, 0, 11) == b"hello drive"


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    key = put(store, b"")
    assert get(store, key, 0, 0) == b""
    assert [info.size for info in store.list()] == [0]


def test_many_writes_of_any_buffer_make_one_object(store: ObjectStore) -> None:
    pieces: list[bytes | bytearray | memoryview] = [b"a" * 10, bytearray(b"b" * 300_000), memoryview(b"xcx")[1:2]]
    writer = store.create(new_key(), 0, unlimited())
    for piece in pieces:
        writer.write(piece)
    assert writer.size == 300_011
    writer.finish()
    assert get(store, writer.key, 0, writer.size) == b"a" * 10 + b"b" * 300_000 + b"c"


def test_a_buffer_may_be_reused_as_soon_as_write_returns(store: ObjectStore) -> None:
    buffer = bytearray(b"1" * 1000)
    writer = store.create(new_key(), 2000, unlimited())
    writer.write(buffer)
    buffer[:] = b"2" * 1000
    writer.write(memoryview(buffer))
    buffer[:] = b"3" * 1000
    writer.finish()
    assert get(store, writer.key, 0, 2000) == b"1" * 1000 + b"2" * 1000


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 1), (1, 2), (BLOCK_BYTES - 1, 2), (0, BLOCK_BYTES), (5, 2 * BLOCK_BYTES), (700_000, 0)]
)
def test_any_range_can_be_read_in_blocks_of_bounded_size(store: ObjectStore, offset: int, length: int) -> None:
    content = os.urandom(700_000)
    key = put(store, content)
    blocks = list(store.read(key, offset, length, unlimited()))
    assert b"".join(blocks) == content[offset : offset + length]
    assert all(0 < len(block) <= BLOCK_BYTES for block in blocks)


def test_a_missing_object_is_damage(store: ObjectStore) -> None:
    blocks = store.read(new_key(), 0, 1, unlimited())
    with pytest.raises(Damaged):
        next(blocks)


@pytest.mark.parametrize(("offset", "length"), [(0, 6), (5, 1), (4, 2), (100, 1)])
def test_an_object_shorter_than_its_row_says_is_damage(store: ObjectStore, offset: int, length: int) -> None:
    key = put(store, b"12345")
    with pytest.raises(Damaged):
        get(store, key, offset, length)


def test_negative_ranges_are_refused(store: ObjectStore) -> None:
    key = put(store, b"12345")
    for offset, length in ((-1, 2), (0, -1)):
        with pytest.raises(ValueError, match="range"):
            get(store, key, offset, length)


@pytest.mark.parametrize("bad", BAD_KEYS)
def test_a_key_of_another_form_is_refused_by_every_call(store: ObjectStore, bad: str) -> None:
    with pytest.raises(ValueError, match="key"):
        store.create(bad, 0, unlimited())
    with pytest.raises(ValueError, match="key"):
        store.read(bad, 0, 1, unlimited())
    with pytest.raises(ValueError, match="key"):
        store.delete(bad)
    with pytest.raises(ValueError, match="key"):
        store.local_path(bad)
    with pytest.raises(ValueError, match="key"):
        store.address(bad, 1, Shown("text/plain", "f"))


def test_no_object_has_an_address_unless_the_options_say_so(store: ObjectStore) -> None:
    assert store.address(put(store, b"12345"), 5, Shown("text/plain", "f")) is None


def test_nothing_is_visible_before_finish(store: ObjectStore) -> None:
    writer = store.create(new_key(), 5, unlimited())
    writer.write(b"12345")
    assert keys(store) == []
    with pytest.raises(Damaged):
        get(store, writer.key, 0, 5)
    writer.finish()
    assert keys(store) == [writer.key]


def test_an_aborted_writer_leaves_nothing_and_may_be_aborted_again(store: ObjectStore) -> None:
    writer = store.create(new_key(), 5, unlimited())
    writer.write(b"12345")
    writer.abort()
    writer.abort()
    assert keys(store) == []


def test_abort_after_finish_does_no_harm(store: ObjectStore) -> None:
    writer = store.create(new_key(), 5, unlimited())
    writer.write(b"12345")
    writer.finish()
    writer.abort()
    assert get(store, writer.key, 0, 5) == b"12345"


def test_delete_removes_and_a_second_delete_is_fine(store: ObjectStore) -> None:
    key, other = put(store, b"1"), put(store, b"2")
    store.delete(key)
    store.delete(key)
    store.delete(new_key())
    assert keys(store) == [other]
    with pytest.raises(Damaged):
        get(store, key, 0, 1)


def test_a_listing_is_in_order_and_says_size_and_age(store: ObjectStore) -> None:
    sizes = {put(store, b"x" * size): size for size in range(7)}
    listed = list(store.list())
    assert [info.key for info in listed] == sorted(sizes)
    assert {info.key: info.size for info in listed} == sizes
    assert max(info.modified_s for info in listed) - min(info.modified_s for info in listed) < 60


def test_a_listing_can_be_narrowed_by_a_prefix_of_any_length(store: ObjectStore) -> None:
    made = [
        put(store, b"x", f"ab/{inner}/ab{inner}{last * 28}") for inner, last in (("01", "0"), ("01", "1"), ("02", "0"))
    ]
    elsewhere = put(store, b"x", "cd/01/cd01" + "0" * 28)
    assert keys(store, "a") == keys(store, "ab") == keys(store, "ab/") == made
    assert keys(store, "ab/01") == keys(store, "ab/01/") == keys(store, "ab/01/ab01") == made[:2]
    assert keys(store, made[1]) == [made[1]]
    assert keys(store, "zz") == []
    assert keys(store) == [*made, elsewhere]


def test_a_listing_can_go_on_after_any_key(store: ObjectStore) -> None:
    made = sorted(put(store, b"x") for _ in range(6))
    for at, key in enumerate(made):
        assert [info.key for info in store.list(after=key)] == made[at + 1 :]


def test_a_cancelled_deadline_ends_writing_and_reading(store: ObjectStore) -> None:
    key = put(store, os.urandom(3 * BLOCK_BYTES))
    deadline = Deadline(None)
    writer, blocks = store.create(new_key(), 1, deadline), store.read(key, 0, 3 * BLOCK_BYTES, deadline)
    writer.write(b"1")
    next(blocks)
    deadline.cancel("the client went away")
    with pytest.raises(Cancelled):
        writer.finish()
    writer.abort()
    with pytest.raises(Cancelled):
        list(blocks)
    assert keys(store) == [key]


def test_a_reader_may_stop_early(store: ObjectStore) -> None:
    key = put(store, os.urandom(3 * BLOCK_BYTES))
    for _ in range(3):
        blocks = store.read(key, 0, 3 * BLOCK_BYTES, unlimited())
        next(blocks)
        blocks.close()
    store.read(key, 0, 1, unlimited()).close()


def test_a_reader_that_began_before_a_delete_ends_with_what_it_began_with(store: ObjectStore) -> None:
    content = os.urandom(2 * BLOCK_BYTES)
    key = put(store, content)
    path = store.local_path(key)
    if path is None:
        return  # Only stores with files promise this; for the others upkeep waits for the longest download.
    blocks = store.read(key, 0, len(content), unlimited())
    first = next(blocks)
    with path.open("rb") as opened:
        store.delete(key)
        assert first + b"".join(blocks) == opened.read() == content


def test_check_is_content_and_leaves_nothing(store: ObjectStore) -> None:
    store.check()
    assert keys(store) == []


def test_free_bytes_is_a_count_or_unknown(store: ObjectStore) -> None:
    free = store.free_bytes()
    assert free is None or free > 0


def test_threads_may_share_a_store(store: ObjectStore) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for content in _contents():
                assert get(store, put(store, content), 0, len(content)) == content
        except BaseException as error:
            failures.append(error)

    def _contents() -> Iterator[bytes]:
        yield from (os.urandom(1000 * number) for number in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(keys(store)) == 30


def test_a_mark_is_kept_as_a_whole_replaced_and_never_listed(store: ObjectStore) -> None:
    assert store.read_mark() is None
    for mark in (b"a first mark, which is longer", b"another"):
        store.write_mark(mark)
        assert store.read_mark() == mark
        assert keys(store) == keys(store, "da") == []
    key = put(store, b"x")
    store.delete(key)
    assert store.read_mark() == b"another"
