"""Depth, Overwrite, Timeout, Lock-Token, Prefer, lengths and times: what is taken, and what is refused."""

import pytest

from davdrive.dav.headers.depth import ZERO_OR_INFINITY, Depth, read_depth
from davdrive.dav.headers.lengths import LONGEST, read_length
from davdrive.dav.headers.lock_token import MAX_TOKEN_CHARACTERS, read_lock_token
from davdrive.dav.headers.mtime import LATEST_S, read_mtime
from davdrive.dav.headers.overwrite import read_overwrite
from davdrive.dav.headers.prefer import Preferences, read_preferences
from davdrive.dav.headers.timeout import TimeoutLimits, read_timeout
from davdrive.errors import BadRequest

LIMITS = TimeoutLimits(default_s=600, longest_s=3600, shortest_s=5)


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        ("0", Depth.ZERO),
        ("1", Depth.ONE),
        ("infinity", Depth.INFINITY),
        ("Infinity", Depth.INFINITY),
        (" 1 ", Depth.ONE),
    ],
)
def test_each_depth_of_the_rfc_is_read(value: str, depth: Depth) -> None:
    assert read_depth(value, Depth.ZERO) is depth


def test_a_missing_depth_is_what_the_method_takes_it_for() -> None:
    assert read_depth(None, Depth.INFINITY) is Depth.INFINITY


@pytest.mark.parametrize("value", ["", "2", "-1", "1,noroot", "infinite", "0x1", "one", "٠"])
def test_any_other_depth_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Depth"):
        read_depth(value, Depth.ZERO)


def test_a_depth_that_the_method_does_not_know_is_refused() -> None:
    with pytest.raises(BadRequest, match="0 or infinity"):
        read_depth("1", Depth.INFINITY, ZERO_OR_INFINITY)


@pytest.mark.parametrize(("value", "allowed"), [(None, True), ("T", True), ("t", True), ("F", False), (" f", False)])
def test_overwrite_is_yes_unless_f_is_sent(value: str | None, allowed: bool) -> None:
    assert read_overwrite(value) is allowed


@pytest.mark.parametrize("value", ["", "true", "0", "TF"])
def test_any_other_overwrite_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Overwrite"):
        read_overwrite(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 600),
        ("Second-180", 180),
        ("second-0180", 180),
        ("Second-3600", 3600),
        ("Second-3601", 3600),
        ("Second-4100000000", 3600),
        ("Second-" + "9" * 400, 3600),
        ("Second-0", 5),
        ("Second-5", 5),
        ("Infinite", 3600),
        ("Infinite, Second-4100000000", 3600),
        ("Extend-90, Second-60", 60),
    ],
)
def test_a_timeout_is_the_first_known_choice_within_the_limits(value: str | None, seconds: int) -> None:
    assert read_timeout(value, LIMITS) == seconds


@pytest.mark.parametrize("value", ["", "Second-", "Second--1", "180", "Second-1.5", "soon", ",", "Second-١"])
def test_a_timeout_without_a_known_choice_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Timeout"):
        read_timeout(value, LIMITS)


@pytest.mark.parametrize("value", ["<urn:uuid:1>", "urn:uuid:1", " <urn:uuid:1> "])
def test_a_lock_token_comes_with_or_without_angle_brackets(value: str) -> None:
    assert read_lock_token(value) == "urn:uuid:1"


@pytest.mark.parametrize(
    "value", [None, "", "<>", "<a", "a>", "<a><b>", "<a b>", "<a\x00>", "t" * (MAX_TOKEN_CHARACTERS + 1)]
)
def test_a_malformed_lock_token_is_refused(value: str | None) -> None:
    with pytest.raises(BadRequest, match="Lock-Token"):
        read_lock_token(value)


def test_a_lock_token_may_be_as_long_as_the_limit() -> None:
    assert read_lock_token("t" * MAX_TOKEN_CHARACTERS)


@pytest.mark.parametrize(("value", "number"), [(None, None), ("0", 0), (" 12 ", 12), (str(LONGEST), LONGEST)])
def test_a_length_is_a_plain_number(value: str | None, number: int | None) -> None:
    assert read_length(value, "OC-Total-Length") == number


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "1 2", str(LONGEST + 1), "9" * 30, "١"])
def test_any_other_length_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="OC-Total-Length"):
        read_length(value, "OC-Total-Length")


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        (None, None),
        ("1700000000", 1_700_000_000_000),
        ("1700000000.123456789", 1_700_000_000_123),
        ("1700000000.", 1_700_000_000_000),
        ("0", 0),
        ("-1.5", -1500),
        (str(LATEST_S), LATEST_S * 1000),
    ],
)
def test_an_mtime_is_unix_seconds_with_or_without_decimals(value: str | None, milliseconds: int | None) -> None:
    assert read_mtime(value) == milliseconds


@pytest.mark.parametrize(
    "value", ["", "now", "nan", "inf", "1e9", "0x10", "1_000", "--1", ".5", str(LATEST_S + 1), "9" * 99, "١"]
)
def test_any_other_mtime_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="X-OC-CTime"):
        read_mtime(value, "X-OC-CTime")


@pytest.mark.parametrize(
    ("value", "preferences"),
    [
        (None, Preferences()),
        ("return=minimal", Preferences(minimal=True)),
        ('Return="Minimal"; x=1, wait=5', Preferences(minimal=True)),
        ("return=representation, return=minimal", Preferences()),
        ("depth-noroot, return=minimal", Preferences(True, True)),
        ("redirect, respond-async", Preferences(redirect=True)),
        ('=;"", ,return', Preferences()),
    ],
)
def test_a_preference_is_taken_when_it_is_known_and_passed_over_otherwise(
    value: str | None, preferences: Preferences
) -> None:
    assert read_preferences(value) == preferences
