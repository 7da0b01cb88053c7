"""The machine's rules for resumable uploads: in numbered parts, and as a stream."""

from collections.abc import Iterator
from random import Random
from typing import ClassVar

from hypothesis.stateful import rule

from tests.model.core import Core, pick, seeds
from tests.model.shapes import Demand, Place
from tests.model.uploading import Upload

PARTS, STREAMS = ("part one", "part two"), ("stream",)
TOTALS = (None, None, None, None, 10, 30, 200)
PIECES = (0, 5, 10, 10, 25)
BEGINNINGS = 24
"""Against eight steps that find nothing to go on with."""

STEPS = ("add_part", "add_part", "append", "append", "drop_part", "complete", "complete", "abort")


class UploadRules(Core):
    """Begin, parts, append, drop a part, complete, abort. Names are few, so that they are used again."""

    streams: ClassVar[tuple[str, ...]] = STREAMS

    @rule(seed=seeds)
    def upload(self, seed: int) -> None:
        """Mostly going on with what was begun, and completing what has bytes."""
        pending = [each for each in self.reference.uploads if not each.state]
        begin = ("begin",) * (BEGINNINGS if not pending else 6 - min(len(pending), 5))
        complete = ("complete",) * sum(each.size > 0 for each in pending)
        self.one_of(begin + STEPS + complete, seed)

    def begin(self, chance: Random) -> None:
        def make() -> tuple[str, str, str, int | None]:
            return self.who(chance), self.drive(chance), chance.choice(PARTS + self.streams), chance.choice(TOTALS)

        self.both("begin", *self.choose("begin", chance, make))

    def add_part(self, chance: Random) -> None:
        def make() -> tuple[str, str, str, int, bytes]:
            begun = self._upload(chance, PARTS)
            number = self._following(*begun) if chance.random() < 0.7 else chance.choice((0, 1, 1, 2, 3))
            return *begun, number, self._piece(chance)

        self.both("add_part", *self.choose("add_part", chance, make))

    def append(self, chance: Random) -> None:
        if not self.streams:
            return

        def make() -> tuple[str, str, str, int, bytes]:
            who, drive, name = self._upload(chance, STREAMS)
            return who, drive, name, self._end(who, drive, name) + (chance.random() < 0.1), self._piece(chance)

        self.same("append", *self.choose("append", chance, make))

    def drop_part(self, chance: Random) -> None:
        wanted = self.choose(
            "drop_part", chance, lambda: (*self._upload(chance, PARTS), chance.choice((0, 1, 1, 2, 3)))
        )
        self.both("drop_part", *wanted)

    def complete(self, chance: Random) -> None:
        """Sometimes where one that is complete already went."""

        def make() -> tuple[str, str, str, Place, bool, Demand]:
            who, drive, name = self._upload(chance, PARTS + self.streams)
            ended = [each.result[0] for each in self.reference.uploads if each.result and each.principal == who]
            place = chance.choice(ended) if ended and chance.random() < 0.2 else self.place(chance)
            return who, drive, name, place, chance.random() < 0.8, self.demand(who, place, chance)

        done = self.both("complete", *self.choose("complete", chance, make))
        if done and done[0][1]:
            self.learn((done[0][0], done[1]))
        assert not done or done[0][0].etag == done[1], "the second to complete an upload hears something else"

    def abort(self, chance: Random) -> None:
        self.both("abort", *self.choose("abort", chance, lambda: self._upload(chance, PARTS + self.streams)))

    def _piece(self, chance: Random) -> bytes:
        return chance.randbytes(chance.choice(PIECES))

    def _upload(self, chance: Random, names: tuple[str, ...]) -> tuple[str, str, str]:
        """Mostly one that is under way, by who began it."""
        known = [each for each in self.reference.uploads if each.name in names]
        known = [each for each in known if not each.state or chance.random() < 0.3]
        found = pick(known, chance)
        if found is None or chance.random() < 0.1:
            return self.who(chance), self.drive(chance), chance.choice(names)
        return found.principal, found.drive, found.name

    def _end(self, who: str, drive: str, name: str) -> int:
        """Where a stream goes on."""
        return next((each.size for each in self._pending(who, drive, name)), 0)

    def _following(self, who: str, drive: str, name: str) -> int:
        """The number of the part that comes next."""
        return next((max(each.parts, default=0) + 1 for each in self._pending(who, drive, name)), 1)

    def _pending(self, who: str, drive: str, name: str) -> Iterator[Upload]:
        for each in self.reference.uploads:
            if (each.drive, each.name, each.principal, each.state) == (drive, name, who, ""):
                yield each
