"""No regular expression costs more than the length of what it reads: one that does stops a whole worker."""

import re
import time

import pytest

from davdrive.dav.headers.prefer import read_preferences
from davdrive.observe.redact import redacted
from tests.hostile.regexes import LONGEST_S, Regex, every_regex, slowest

EVERY = every_regex()
FEWEST = 40


@pytest.mark.parametrize("regex", EVERY, ids=lambda each: f"{each.name}.{each.method}")
def test_no_pattern_goes_back_over_what_it_read(regex: Regex) -> None:
    took, attack = slowest(regex)
    assert took < LONGEST_S, f"{took:.2f} s for {attack[:60]!r}… of {len(attack)} characters"


def test_the_patterns_are_found() -> None:
    assert len(EVERY) >= FEWEST


@pytest.mark.parametrize(
    "planted",
    [
        r"\s*([\w-]+)\s*(?:=\s*(\w*))?\s*(?:;.*)?",  # what Prefer was read with
        r"digest\s+(?:\w+\s*=\s*[^\s,]+\s*,?\s*){3,}",  # what logs were cleaned with
        r"([a-z]+)*!",
        r"(.*),(.*),(.*);",
    ],
)
def test_a_planted_pattern_that_goes_back_is_found(planted: str) -> None:
    took, _ = slowest(Regex("planted", re.compile(planted), "fullmatch"), samples=40)
    assert took > LONGEST_S


def test_a_path_that_looks_like_a_digest_answer_does_not_stop_the_log() -> None:
    """Sixteen thousand characters took hours, in the thread that computes, before anybody had given a password."""
    began = time.monotonic()
    redacted("/digest\xa0a=" + "b" * 8000 + "=" + "c" * 8000)
    redacted("digest " + "a=b" * 8000)
    redacted("token " + " " * 30_000 + "password" * 4000)
    assert time.monotonic() - began < 1


def test_blanks_in_prefer_cost_no_more_than_their_number() -> None:
    began = time.monotonic()
    assert not read_preferences("return" + " " * 60_000 + "!").minimal
    assert read_preferences("respond-async , return = minimal ; x").minimal
    assert time.monotonic() - began < 1
