"""If-Match, If-None-Match, the dates, and all of them together."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davdrive.dav.headers.conditions import read_conditions
from davdrive.dav.headers.etags import MAX_TAGS, read_etag, read_etags
from davdrive.dav.headers.http_dates import http_date, iso_date, parse_http_date
from davdrive.dav.headers.mtime import EARLIEST_S, LATEST_S
from davdrive.drive.conditions import NO_CONDITIONS, AnyTag, Conditions, EntityTag, StateCondition, StateList
from davdrive.errors import BadRequest, DriveError

X, WEAK = EntityTag("x"), EntityTag("y", weak=True)


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (None, None),
        ("*", AnyTag()),
        (" * ", AnyTag()),
        ('"x"', (X,)),
        ('W/"y"', (WEAK,)),
        ('"x", W/"y"', (X, WEAK)),
        ('"x",W/"y" ,, "x"', (X, WEAK, X)),
        ('"x",', (X,)),
        ('""', (EntityTag(""),)),
        ('"a,b*"', (EntityTag("a,b*"),)),
        ('"\xe9"', (EntityTag("\xe9"),)),
        ("x", (X,)),  # without quotes, as some scripts send it
        ("W/y", (WEAK,)),
    ],
)
def test_lists_of_entity_tags_are_read(value: str | None, tags: object) -> None:
    assert read_etags(value, "If-Match") == tags


@pytest.mark.parametrize(
    "value", ["", " ", '"', '"x', 'x"', '"x" "y"', "x, y", '*, "x"', 'w/"x"', '"a b"', ',"x"', "*x", "'x'"]
)
def test_malformed_lists_of_entity_tags_are_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="If-None-Match"):
        read_etags(value, "If-None-Match")


def test_as_many_tags_as_the_limit_and_no_more() -> None:
    assert len(read_etags(", ".join(['"x"'] * MAX_TAGS), "If-Match") or ()) == MAX_TAGS  # type: ignore[arg-type]
    with pytest.raises(BadRequest):
        read_etags(", ".join(['"x"'] * (MAX_TAGS + 1)), "If-Match")


@pytest.mark.parametrize(("text", "tag"), [(f'"{X.opaque}"', X), (f'W/"{WEAK.opaque}"', WEAK)])
def test_a_tag_is_read_as_a_header_writes_it(text: str, tag: EntityTag) -> None:
    assert read_etag(text) == tag


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 6 nov 1994 08:49:37 utc",
    ],
)
def test_the_three_forms_of_http_dates_are_one_time(value: str) -> None:
    assert parse_http_date(value) == 784_111_777


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "now",
        "0",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "x" * 1000,
    ],
)
def test_what_is_no_date_is_ignored(value: str | None) -> None:
    assert parse_http_date(value) is None


def test_two_digit_years_far_ahead_are_past_and_a_leap_second_is_the_last() -> None:
    assert parse_http_date("Friday, 01-Jan-76 00:00:00 GMT", this_year=2026) == parse_http_date(
        "Wed, 01 Jan 2076 00:00:00 GMT"
    )
    assert parse_http_date("Friday, 01-Jan-77 00:00:00 GMT", this_year=2026) == parse_http_date(
        "Sat, 01 Jan 1977 00:00:00 GMT"
    )
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sat, 31 Dec 2016 23:59:59 GMT")


@settings(deadline=None)
@given(st.integers(EARLIEST_S, LATEST_S))
def test_every_second_is_written_as_python_writes_it_and_read_back(second: int) -> None:
    text = http_date(second)
    assert parse_http_date(text) == second
    assert len(text) == 29
    assert iso_date(second).endswith("Z")
    if second >= 0:
        assert iso_date(second) == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def test_times_out_of_bounds_are_written_as_the_nearest() -> None:
    assert http_date(-(10**15)) == "Mon, 01 Jan 0001 00:00:00 GMT"
    assert http_date(10**15) == "Fri, 31 Dec 9999 23:59:59 GMT"
    assert iso_date(10**15) == "9999-12-31T23:59:59Z"


def test_a_request_without_conditions_has_none() -> None:
    assert read_conditions({"REQUEST_METHOD": "PUT"}, lambda _: None) is NO_CONDITIONS


def test_all_conditions_of_a_request_are_read_together() -> None:
    environ = {
        "REQUEST_METHOD": "PUT",
        "HTTP_IF_MATCH": '"x"',
        "HTTP_IF_NONE_MATCH": "*",
        "HTTP_IF": "(<urn:a>)",
    }
    expected = Conditions((X,), AnyTag(), if_lists=(StateList((StateCondition(token="urn:a"),)),))
    assert read_conditions(environ, lambda _: None) == expected


def test_a_date_beside_its_entity_tag_twin_is_left_out() -> None:
    date = http_date(1000)
    both = {"HTTP_IF_MATCH": '"x"', "HTTP_IF_UNMODIFIED_SINCE": date, "REQUEST_METHOD": "PUT"}
    assert read_conditions(both, lambda _: None) == Conditions(if_match=(X,))
    both = {"HTTP_IF_NONE_MATCH": '"x"', "HTTP_IF_MODIFIED_SINCE": date, "REQUEST_METHOD": "GET"}
    assert read_conditions(both, lambda _: None) == Conditions(if_none_match=(X,))


@pytest.mark.parametrize(("method", "seconds"), [("GET", 1000), ("HEAD", 1000), ("PUT", None), ("PROPFIND", None)])
def test_if_modified_since_is_for_reads_alone(method: str, seconds: int | None) -> None:
    environ = {"REQUEST_METHOD": method, "HTTP_IF_MODIFIED_SINCE": http_date(1000)}
    assert read_conditions(environ, lambda _: None) == Conditions(if_modified_since=seconds)


def test_if_unmodified_since_is_for_every_method() -> None:
    environ = {"REQUEST_METHOD": "DELETE", "HTTP_IF_UNMODIFIED_SINCE": http_date(1000)}
    assert read_conditions(environ, lambda _: None) == Conditions(if_unmodified_since=1000)


CONDITION_HEADERS = (
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_IF",
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(CONDITION_HEADERS), st.one_of(st.text(), st.text(alphabet='"W/*, xGMT0129:-'))))
def test_any_headers_are_conditions_or_a_drive_error(environ: dict[str, str]) -> None:
    with contextlib.suppress(DriveError):
        read_conditions({**environ, "REQUEST_METHOD": "GET"}, lambda _: None)


@pytest.mark.parametrize("piece", ['"', '"x",', ",", " ", 'W/"x', '"x" ', "x", "1 "])
def test_the_longest_header_of_any_piece_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    value = piece * (100_000 // len(piece))
    for text in (value, '"x"' + value, '"x",' + value):
        with contextlib.suppress(DriveError):
            read_etags(text, "If-Match")
        parse_http_date(text)
    assert time.perf_counter() - began < 1
