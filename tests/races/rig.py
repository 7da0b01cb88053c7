"""Two racers over one drive database, a fresh drive a race, and the verdict on each."""

import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.metadata.drives import create_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user, find_user, grant
from tests.model.drive_ops import DriveOps
from tests.model.invariants import ENTRIES, check_shape
from tests.model.reference import EDITOR, Reference
from tests.model.shapes import Tree
from tests.races.changes import CHANGES, LOCKED, TREE, Order, fill_in
from tests.races.racer import Site, perform
from tests.races.serial import apply_order, endings, real_state

PEOPLE = ("alice", "bob")
QUOTA = 250
LEAD_S, JITTER_S = 0.004, 0.002
"""From the order to the start, and how far the two starts may be apart: about one transaction."""


class RaceLost(AssertionError):
    """A race ended in a way that no order of its changes explains."""


@dataclass
class Racer:
    """A process that does what it is told, when it is told."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, url: str, objects: Path, *faults: str) -> "Racer":
        words = [sys.executable, "-m", "tests.races.racer", url, str(objects), *faults]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        racer = cls(process)
        assert racer._line() == "ready"
        return racer

    def tell(self, order: Order, at: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"at": at, "method": order[0], "arguments": order[1]}) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "a racer died"
        return line.strip()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Track:
    """A database with its racers. `tally` counts what was seen."""

    site: Site
    racers: tuple[Racer, Racer]
    random: random.Random
    tally: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def race(self, one: str, other: str) -> None:
        """Let two changes race. Raises RaceLost."""
        drive = f"race{next(self._numbers)}"
        reference, token, etag = self._make_tree(drive)
        orders = [fill_in(CHANGES[name], drive, token, etag) for name in (one, other)]
        possible = endings(reference, drive, orders[0], orders[1])
        answers = self._run(orders)
        self._judge(f"{one} against {other}", drive, possible, answers)

    def _make_tree(self, drive: str) -> tuple[Reference, str, str]:
        def make(session: Session) -> None:
            number = create_drive(session, drive, drive, case_insensitive=False, quota_bytes=QUOTA, retention_s=None)
            for name in PEOPLE:
                user = find_user(session, name)
                assert user is not None
                grant(session, number, user.id, EDITOR)

        self.site.backend.database.write(make)
        reference = Reference({drive: Tree(drive, dict.fromkeys(PEOPLE, EDITOR), quota=QUOTA)})
        ops, etag = DriveOps(self.site), ""  # type: ignore[arg-type]
        for order in (*TREE, LOCKED):
            filled = fill_in(order, drive, "", "")
            answer = perform(ops, {"at": 0.0, "method": filled[0], "arguments": filled[1]})
            assert answer["outcome"] == "done", answer
            made = apply_order(reference, filled)
            if filled[0] == "put":
                made.etag = answer["result"]
                etag = answer["result"] if filled[1][1][1] == ["a", "f"] else etag
        made.token = answer["result"]
        return reference, made.token, etag

    def _run(self, orders: list[Order]) -> list[dict[str, Any]]:
        start = time.monotonic() + LEAD_S
        for racer, order in zip(self.racers, orders, strict=True):
            racer.tell(order, start + self.random.uniform(0, JITTER_S))
        return [racer.hear() for racer in self.racers]

    def _judge(self, name: str, drive: str, possible: list[Any], answers: list[dict[str, Any]]) -> None:
        with self.site.backend.database.snapshot() as session:
            state = real_state(session, drive)
        outcomes = [answer["outcome"] for answer in answers]
        fitting = [
            each.order
            for each in possible
            if each.state == state
            and all(seen in allowed for seen, allowed in zip(outcomes, each.outcomes, strict=True))
        ]
        if not fitting:
            raise RaceLost(f"{name}: {outcomes} and the tree fit neither order; {[a['result'] for a in answers]}")
        self.tally["races"] += 1
        one, other = answers
        self.tally["overlapping"] += one["began"] < other["ended"] and other["began"] < one["ended"]
        if len(fitting) == 1:
            self.tally[f"only the {fitting[0]} fits"] += 1

    def check_shape(self) -> None:
        """P5 over every drive."""
        with self.site.backend.database.snapshot() as session:
            check_shape(session.rows(ENTRIES))


@contextmanager
def track(url: str, objects: Path, seed: int, *faults: str) -> Iterator[Track]:
    """A migrated database with users, and two processes on it."""
    migrate(DatabaseOptions(url))
    site = Site(url, objects)

    def people(session: Session) -> None:
        for name in PEOPLE:
            create_user(session, name, name, "no password", digest_ha1=None, administrator=False)

    site.backend.database.write(people)
    site.close()
    site = Site(url, objects)
    racers = Racer.start(url, objects, *faults), Racer.start(url, objects, *faults)
    try:
        yield Track(site, racers, random.Random(seed))
    finally:
        for racer in racers:
            racer.stop()
        site.close()


def race_all(course: Track, rounds: int = 1) -> None:
    """Every pair of changes, `rounds` times."""
    for _ in range(rounds):
        for one, other in itertools.combinations_with_replacement(CHANGES, 2):
            course.race(one, other)
    course.check_shape()


def require_races(tally: Counter[str]) -> None:
    """AssertionError unless the changes met each other, and both orders came about."""
    assert tally["overlapping"] > tally["races"] / 4, f"the two were rarely under way together: {dict(tally)}"
    assert min(tally["only the first fits"], tally["only the second fits"]) >= 5, f"one always won: {dict(tally)}"
