"""The parsers under random input of their own grammar: what each may cost, and what it may raise."""

import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.hostile import fuzzing
from tests.hostile.parsers import Parser, attempt
from tests.hostile.seeds import SEEDS

LONGEST_S = 1.0
MOST_MORE_BYTES = 64 << 20
REPEATS = (1, 1, 1, 2, 3, 50, 15_000)
"""How often a piece comes in a row: what costs more than its length shows when there is much of it."""
PUMPS = (" ", "\t", "a", "0", "(", "<", '"', ",", ";", "=", "/", "%")
"""Characters of which a pattern may try every number."""
LONGEST = 60_000
"""Bytes; the server takes no longer header."""
OWN_PIECES = (
    " ", "\t", "a", "b=", "=", '"', "!", "digest ", "for=", "=c", "min", "@", "://", "\xa0", "0.", "sha-256=", "nc=",
    "Bearer ", "Second-", "filename ", "YQ==", "#", "image/png", "GET / HTTP/1.1\n", "Host: x\n", "Transfer-Encoding: ",
)  # fmt: skip


class TooMuch(AssertionError):
    """A parser that took too long, or too much memory."""


def inputs(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Runs of what headers are made of, bytes of any kind, and good values with some of either in their middle."""
    other = _other()
    if not seeds:
        return other
    places = st.floats(0, 1)
    spoilt = st.tuples(st.sampled_from(seeds), places, places, other).map(_spoilt)
    return st.one_of(spoilt, spoilt, other)


def _spoilt(made: tuple[bytes, float, float, bytes]) -> bytes:
    """A good value with a part of it replaced."""
    good, one, two, inside = made
    first, last = sorted((int(one * len(good)), int(two * len(good))))
    return (good[:first] + inside + good[last:])[:LONGEST]


def _other() -> st.SearchStrategy[bytes]:
    word = st.sampled_from((*fuzzing.PIECES, *OWN_PIECES))
    runs = st.lists(st.tuples(word, st.sampled_from(REPEATS)), max_size=8)
    made = runs.map(lambda every: "".join(text * times for text, times in every)[:LONGEST].encode("latin-1", "replace"))
    long = st.tuples(word, st.sampled_from(PUMPS), word).map(
        lambda three: (three[0] + three[1] * REPEATS[-1] + three[2]).encode("latin-1", "replace")
    )
    return st.one_of(
        *[long] * 6, made, made, st.binary(max_size=80), fuzzing.documents, fuzzing.raw_names.map(str.encode)
    )


@dataclass
class Shooting:
    """What was fired at one parser."""

    name: str
    parser: Parser
    tally: Counter[str] = field(default_factory=Counter)
    finding: Exception | None = None

    def fire(self, data: bytes) -> None:
        """One input, unless there is a finding already: memory peaks once, so nothing can be tried again."""
        if self.finding is None:
            try:
                self._fire(data)
            except Exception as error:
                error.add_note(f"{self.name}: {data[:200]!r} of {len(data)} bytes")
                self.finding = error

    def _fire(self, data: bytes) -> None:
        before, began = _peak_bytes(), time.process_time()
        understood = attempt(self.parser, data)
        took, more = time.process_time() - began, _peak_bytes() - before
        self.tally["understood" if understood else "refused"] += 1
        if took > LONGEST_S:
            raise TooMuch(f"{took:.1f} s")
        if more > MOST_MORE_BYTES:
            raise TooMuch(f"{more >> 20} MiB")


def shoot(name: str, parser: Parser, examples: int, number: int = 0) -> Counter[str]:
    """Fire so many inputs at a parser, always the same ones for a `number`; how they were taken. Raises TooMuch, and
    whatever the parser raises and should not."""
    shooting = Shooting(name, parser)

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(SEEDS.get(name, ())))
    def once(data: bytes) -> None:
        shooting.fire(data)

    once()
    if shooting.finding is not None:
        raise shooting.finding
    return shooting.tally


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
