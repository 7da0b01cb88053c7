"""Every parser under random input: it raises nothing but a refusal, takes no second, and no 64 MiB. So much is run on
every change; `python -m tests.hostile` goes on for a night, with atheris where that is installed."""

import re

import pytest

from davdrive.errors import BadRequest
from davdrive.web.tus.headers import read_checksum
from tests.hostile.parsers import PARSERS
from tests.hostile.random_parsing import TooMuch, shoot
from tests.hostile.seeds import SEEDS

EXAMPLES = 200
CALM = {"Host", "nonce", "logged", "Prefer", "Range", "dates", "Want-Repr-Digest", "Content-Type", "Authorization"}
"""What these do not understand they pass over, as their RFCs say, so nothing is refused."""
FORWARDED = {"X-Forwarded-For", "Forwarded"}


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_breaks_a_parser(name: str) -> None:
    tally = shoot(name, PARSERS[name], EXAMPLES)
    assert tally["understood"], f"nothing was ever understood: {tally}"
    assert tally["refused"] or name in CALM | FORWARDED, f"nothing was ever refused: {tally}"


def test_every_parser_has_good_values_to_begin_with() -> None:
    assert SEEDS.keys() == PARSERS.keys()
    for name, seeds in SEEDS.items():
        for seed in seeds:
            PARSERS[name](seed)


def _crashes(data: bytes) -> object:
    return [] if data.count(b'"') < 3 else data.index(b"what is not there")


_GOES_BACK = re.compile(rb"\s*([\w-]+)\s*(?:=\s*(\w*))?\s*(?:;.*)?")


def _multiplies(data: bytes) -> object:
    return None if len(data) < 4000 else b"x" * (len(data) * 30_000)


@pytest.mark.parametrize(
    ("planted", "finding"),
    [(_crashes, ValueError), (_GOES_BACK.fullmatch, TooMuch), (_multiplies, TooMuch)],
    ids=["crash", "quadratic time", "memory hog"],
)
def test_a_planted_fault_is_found(planted: object, finding: type[BaseException]) -> None:
    with pytest.raises(finding):
        shoot("planted", planted, 3 * EXAMPLES)  # type: ignore[arg-type]


def test_a_checksum_of_tus_that_is_no_ascii_is_refused() -> None:
    """It was a 500, found by the fuzzer above."""
    with pytest.raises(BadRequest):
        read_checksum("sha1 \u00e9\u00e9\u00e9\u00e9")
