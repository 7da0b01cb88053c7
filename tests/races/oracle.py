"""Drives to race on, and the oracle: what comes of two changes that the drive does one after the other, alone.

It is asked on SQLite whatever the race runs on: both databases have to give the same.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from davdrive.drive.open import sqlite_url
from davdrive.metadata.drives import create_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user, find_user, grant
from tests.races.changes import (
    CAROL,
    CHANGES,
    DRIVE,
    EDITOR,
    MADE,
    OTHER,
    QUOTA,
    REFUSABLE,
    Kind,
    fill_in,
    pieces_for,
)
from tests.races.ops import RaceOps, call
from tests.races.racer import perform
from tests.races.site import Site
from tests.races.state import State, state_of
from tests.support.memory_folder import memory_folder

PEOPLE = ("alice", "bob")


@dataclass(frozen=True)
class Ending:
    """What one sees after two changes: what each heard, and the two drives."""

    heard: tuple[Any, Any]
    states: tuple[State, State]

    def explains(self, seen: "Ending") -> bool:
        """Whether that is what was seen. An answer over the wire may stand for any of several refusals."""
        return self.states == seen.states and all(map(_alike, self.heard, seen.heard))


def _alike(alone: tuple[str, Any], seen: tuple[Any, Any]) -> bool:
    return alone == seen or (isinstance(seen[0], frozenset) and alone[0] in seen[0])


@dataclass
class Arena:
    """A database with users, where fresh drives are made for each race."""

    site: Site
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def make_tree(self, *kinds: Kind) -> dict[str, Any]:
        """Two fresh drives with what the changes need; what the words of the orders stand for."""
        number = next(self._numbers)
        known: dict[str, Any] = {word: f"{word.lower()}{number}" for word in (DRIVE, CAROL, MADE)}
        # The other drive comes before this one by its key in every second race: locks are taken in that order.
        known[OTHER] = f"{'another' if number % 2 else 'yet another'} {number}"
        self.site.backend.database.write(lambda session: _make_drives(session, known[DRIVE], known[OTHER]))
        ops = RaceOps(self.site)
        for method, arguments, word in pieces_for(*kinds):
            result = call(ops, method, fill_in(arguments, known))
            if word:
                known[word] = result
        return known

    def ending(self, known: dict[str, Any], answers: list[dict[str, Any]]) -> Ending:
        """What is seen now."""
        with self.site.backend.database.snapshot() as session:
            states = state_of(session, known[DRIVE]), state_of(session, known[OTHER])
        return Ending((_heard(answers[0]), _heard(answers[1])), states)

    def serial(self, one: str, other: str, turns: tuple[int, ...], refusal: str = "") -> Ending:
        """Do the two alone, in these turns. `refusal`: what one hears whose turn never comes."""
        kinds = CHANGES[one], CHANGES[other]
        known, ops = self.make_tree(*kinds), RaceOps(self.site)
        answers: list[dict[str, Any]] = [{"outcome": refusal, "result": None} for _ in kinds]
        for turn in turns:
            method, arguments = kinds[turn].order
            answers[turn] = perform(ops, {"at": 0.0, "method": method, "arguments": fill_in(arguments, known)})
        return self.ending(known, answers)


def _make_drives(session: Session, *names: str) -> None:
    for name in names:
        made = create_drive(session, name, name, case_insensitive=False, quota_bytes=QUOTA, retention_s=None)
        for each in PEOPLE:
            user = find_user(session, each)
            assert user is not None
            grant(session, made, user.id, EDITOR)


def _heard(answer: dict[str, Any]) -> Any:
    return answer["outcome"], answer["result"] if isinstance(answer["result"], bool) else None


@contextmanager
def arena(url: str, objects: Path) -> Iterator[Arena]:
    """A migrated database with users."""
    migrate(DatabaseOptions(url))
    site = Site(url, objects)

    def people(session: Session) -> None:
        for name in PEOPLE:
            create_user(session, name, name, "no password", digest_ha1=None, administrator=False)

    site.backend.database.write(people)
    try:
        yield Arena(site)
    finally:
        site.close()


_known: dict[tuple[str, str], list[Ending]] = {}
"""What was found out once in this process stays true for the next track."""


@contextmanager
def oracle() -> Iterator[Callable[[str, str], list[Ending]]]:
    """Says how two changes can end: in this order, in the other, or as `REFUSABLE` has it."""
    with memory_folder() as folder, arena(sqlite_url(folder), folder / "objects") as alone:

        def endings(one: str, other: str) -> list[Ending]:
            if (one, other) not in _known:
                refusal = REFUSABLE.get((one, other))
                _known[one, other] = [alone.serial(one, other, (0, 1)), alone.serial(one, other, (1, 0))]
                _known[one, other] += [] if refusal is None else [alone.serial(one, other, (1,), refusal)]
            return _known[one, other]

        yield endings
