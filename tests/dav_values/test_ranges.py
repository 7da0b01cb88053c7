"""Range, If-Range, Content-Range and X-Update-Range."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.byte_ranges import ByteRange, Unsatisfiable, format_content_range, if_range_holds, read_ranges
from davdrive.dav.headers.content_range import ContentRange, read_content_range, refuse_content_range
from davdrive.dav.headers.http_dates import http_date
from davdrive.dav.headers.update_range import UpdateRange, read_update_range
from davdrive.errors import BadRequest, DriveError, RangeNotSatisfiable


@pytest.mark.parametrize(
    ("value", "ranges"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("Bytes = 0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=50-1000", [(50, 100)]),
        ("bytes=99-99", [(99, 100)]),
        ("bytes=0-0, 10-19", [(0, 1), (10, 20)]),
        ("bytes=10-19,0-0", [(10, 20), (0, 1)]),
        ("bytes=0-9,5-14", [(0, 15)]),
        ("bytes=0-9,10-19", [(0, 20)]),
        ("bytes=0-9,20-29,5-24", [(0, 30)]),
        ("bytes=0-9,200-300", [(0, 10)]),
        ("bytes=,0-9, ,", [(0, 10)]),
        ("bytes=0-1,10-11,20-21,30-31,40-41", [(0, 2), (10, 12), (20, 22), (30, 32), (40, 42)]),
    ],
)
def test_ranges_are_read_cut_to_the_file_and_merged(value: str, ranges: list[tuple[int, int]]) -> None:
    assert read_ranges(value, 100) == tuple(ByteRange(*each) for each in ranges)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=9-0",
        "bytes=0-9,9-0",
        "bytes=--1",
        "items=0-9",
        "bytes 0-9",
        "bytes=0-1,2-3,4-5,6-7,8-9,10-11",
        "bytes=0-9;q=1",
        "bytes=" + "1" * 30 + "-",
        "bytes=0 - 9",
    ],
)
def test_what_is_malformed_unknown_or_too_much_answers_the_whole_file(value: str | None) -> None:
    assert read_ranges(value, 100) is None


@pytest.mark.parametrize(
    ("value", "size"), [("bytes=100-", 100), ("bytes=100-200,300-", 100), ("bytes=-0", 100), ("bytes=0-", 0)]
)
def test_ranges_without_a_byte_of_the_file_are_not_satisfiable(value: str, size: int) -> None:
    assert read_ranges(value, size) == Unsatisfiable(size)


@settings(deadline=None)
@given(st.text(alphabet="0123456789-, "), st.integers(0, 50))
def test_ranges_never_overlap_never_leave_the_file_and_cover_what_was_asked(specs: str, size: int) -> None:
    ranges = read_ranges("bytes=" + specs, size)
    if ranges is None or isinstance(ranges, Unsatisfiable):
        return
    sent = [byte for each in ranges for byte in range(each.start, each.stop)]
    assert len(sent) == len(set(sent))
    asked = [each.strip().split("-") for each in specs.split(",") if each.strip()]
    wanted = {
        byte
        for first, last in asked
        for byte in range(size)
        if (int(first) <= byte <= int(last or size) if first else byte >= size - int(last))
    }
    assert set(sent) == wanted


def test_content_range_counts_its_last_byte() -> None:
    assert format_content_range(ByteRange(0, 10), 100) == "bytes 0-9/100"


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (None, True),
        ('"x"', True),
        ('"y"', False),
        ('W/"x"', False),
        (http_date(1000), True),
        (http_date(999), False),
        (http_date(1001), False),
        ("garbage", False),
        ("", False),
    ],
)
def test_if_range_holds_for_the_current_content_alone(value: str | None, holds: bool) -> None:
    assert if_range_holds(value, "x", 1000) is holds


def test_a_put_with_content_range_is_refused_and_one_without_is_not() -> None:
    refuse_content_range(None)
    with pytest.raises(BadRequest, match="PATCH"):
        refuse_content_range("bytes 0-9/10")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("bytes 0-9/10", ContentRange(0, 9, 10)), ("bytes 5-5/*", ContentRange(5, 5, None))],
)
def test_content_range_of_a_partial_put_is_read(value: str | None, expected: ContentRange | None) -> None:
    assert read_content_range(value) == expected


@pytest.mark.parametrize(
    "value", ["", "bytes 9-0/10", "bytes 0-10/10", "bytes */10", "items 0-9/10", "bytes 0-9", "bytes=0-9/10"]
)
def test_any_other_content_range_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Content-Range"):
        read_content_range(value)


@pytest.mark.parametrize(
    ("value", "size", "length", "offset"),
    [
        ("bytes=0-9", 100, 10, 0),
        ("bytes=95-104", 100, 10, 95),
        ("bytes=100-109", 100, 10, 100),
        ("bytes=7-", 100, 1000, 7),
        ("bytes=-10", 100, 20, 90),
        ("bytes=-0", 100, 5, 100),
        ("append", 100, 5, 100),
        ("bytes=0-9", 100, None, 0),
    ],
)
def test_a_partial_update_knows_where_it_writes(value: str, size: int, length: int | None, offset: int) -> None:
    assert read_update_range(value).offset(size, length) == offset


@pytest.mark.parametrize("value", [None, "", "bytes=", "bytes=-", "bytes=a-b", "prepend", "bytes=0-1,3-4", "items=0-1"])
def test_a_malformed_update_range_is_refused(value: str | None) -> None:
    with pytest.raises(BadRequest, match="X-Update-Range"):
        read_update_range(value)


def test_an_update_that_begins_outside_of_the_file_is_not_satisfiable() -> None:
    for update in (UpdateRange(first=101), UpdateRange(from_end=101)):
        with pytest.raises(RangeNotSatisfiable):
            update.offset(100, 1)
    with pytest.raises(RangeNotSatisfiable):
        read_update_range("bytes=9-0")


def test_an_update_whose_body_has_another_length_than_its_range_is_refused() -> None:
    with pytest.raises(BadRequest, match="10 bytes long and the body 9"):
        read_update_range("bytes=0-9").offset(100, 9)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="bytes=0123456789-,/* ")))
def test_any_range_header_is_a_value_or_a_drive_error(value: str) -> None:
    read_ranges(value, 100)
    for read in (read_content_range, read_update_range):
        with contextlib.suppress(DriveError):
            read(value)


@pytest.mark.parametrize("piece", ["0-1,", ",", " ", "-", "0-", "1"])
def test_the_longest_range_header_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    read_ranges("bytes=" + piece * (200_000 // len(piece)), 10**9)
    assert time.perf_counter() - began < 1
