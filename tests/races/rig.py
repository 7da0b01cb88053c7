"""Two racers over one database, fresh drives for each race, and the verdict: whatever came of the two changes would
also have come of one after the other, as the drive itself does them when nobody else is there."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.model.invariants import ENTRIES, check_shape
from tests.races.changes import CAROL, CHANGES, DRIVE, MADE, OTHER, Order, fill_in
from tests.races.gate import Shut, deadlocks, gate
from tests.races.oracle import Arena, Ending, arena, oracle
from tests.races.racer import Racer

GATE_S = 0.3
"""How long to wait for a change to come up to the gate: it may have to wait for the other one before that."""

SETTLE_S = 0.001
"""From saying that one is about to write until one waits for the right to."""

LEAD_S, JITTER_S = 0.004, 0.002
"""Without the gate: from the order to the start, and how far apart the two starts may be, about one transaction."""


class RaceLost(AssertionError):
    """A race ended in a way that no order of its changes explains."""


@dataclass
class Track:
    """A database with its racers. `tally` counts what was seen; `met` are the pairs that were under way together."""

    arena: Arena
    racers: tuple[Racer, Racer]
    random: random.Random
    shut: Shut
    endings: Callable[[str, str], list[Ending]]
    tally: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)

    def race(self, one: str, other: str, *, gated: bool = True, swapped: bool = False) -> None:
        """Let two changes race. `gated`: they meet at the gate, the first one first unless `swapped`; otherwise
        chance decides. Raises RaceLost."""
        possible = self.endings(one, other)
        kinds = CHANGES[one], CHANGES[other]
        known = self.arena.make_tree(*kinds)
        orders = [(kind.order[0], fill_in(kind.order[1], known)) for kind in kinds]
        answers = self._meet(orders, known, swapped) if gated else self._run(orders, known)
        self._judge(f"{one} against {other}", possible, self.arena.ending(known, answers), answers)

    def _meet(self, orders: list[Order], known: dict[str, Any], swapped: bool) -> list[dict[str, Any]]:
        """Both come up to the gate, one after the other, and then it opens."""
        heard: list[Any] = [None, None]
        with self.shut([known[DRIVE], known[OTHER]], known[MADE]):
            for turn in (1, 0) if swapped else (0, 1):
                self.racers[turn].tell(orders[turn], [known[CAROL]])
                heard[turn] = self.racers[turn].hear(GATE_S)
                time.sleep(SETTLE_S)
        return [racer.answer(each) for racer, each in zip(self.racers, heard, strict=True)]

    def _run(self, orders: list[Order], known: dict[str, Any]) -> list[dict[str, Any]]:
        start = time.monotonic() + LEAD_S
        for racer, order in zip(self.racers, orders, strict=True):
            racer.tell(order, [known[CAROL]], start + self.random.uniform(0, JITTER_S))
        return [racer.answer() for racer in self.racers]

    def _judge(self, name: str, possible: list[Ending], seen: Ending, answers: list[dict[str, Any]]) -> None:
        fitting = [number for number, each in enumerate(possible) if each.explains(seen)]
        if not fitting:
            serial = [each.heard for each in possible]
            same = [[a == b for a, b in zip(each.states[0], seen.states[0], strict=True)] for each in possible]
            raise RaceLost(f"{name}: heard {seen.heard}, alone {serial}; alike {same}; {answers}")
        self.tally["races"] += 1
        one, other = answers
        if one["began"] < other["ended"] and other["began"] < one["ended"]:
            self.tally["overlapping"] += 1
            self.met[name] += 1
        if possible[0] != possible[1]:
            self.tally["in this order" if fitting == [0] else "in the other"] += 1

    def check_shape(self) -> None:
        """P5 over every drive."""
        with self.arena.site.backend.database.snapshot() as session:
            check_shape(session.rows(ENTRIES))


@contextmanager
def track(url: str, objects: Path, seed: int, *faults: str) -> Iterator[Track]:
    """A migrated database with users, and two processes on it. No two changes may wait for each other in a ring."""
    with arena(url, objects) as ground, oracle() as endings, gate(url) as shut:
        racers = Racer.start(url, objects, *faults), Racer.start(url, objects, *faults)
        try:
            yield Track(ground, racers, random.Random(seed), shut, endings)
            assert deadlocks(url) == 0
        finally:
            for racer in racers:
                racer.stop()


def pairs() -> list[tuple[str, str]]:
    """Every two changes that touch the same, and every change with itself."""
    every = itertools.combinations_with_replacement(CHANGES, 2)
    return [(one, other) for one, other in every if CHANGES[one].needs & CHANGES[other].needs]


def race_all(course: Track, *, both: bool = True, rounds: int = 0) -> None:
    """Every pair at the gate, in both orders (or in one that chance chooses), and `rounds` times without the gate."""
    for one, other in pairs():
        first = course.random.random() < 0.5
        for swapped in (first, not first)[: 1 + (both and one != other)]:
            course.race(one, other, swapped=swapped)
        for _ in range(rounds):
            course.race(one, other, gated=False)
    course.check_shape()


def require_races(course: Track, chosen: list[tuple[str, str]] | None = None) -> None:
    """AssertionError unless the two of every pair met, and both orders came about."""
    names = [f"{one} against {other}" for one, other in chosen or pairs()]
    alone = [name for name in names if not course.met[name]]
    assert not alone, f"these were never under way together: {alone}"
    counts = course.tally["in this order"], course.tally["in the other"]
    assert min(counts) > sum(counts) / 4, f"one always won: {dict(course.tally)}"
