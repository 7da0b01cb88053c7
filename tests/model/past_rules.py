"""The machine's rules for what was: the trash, old versions, and forgetting them."""

from random import Random

from hypothesis.stateful import precondition, rule

from davdrive.upkeep.emptying import SETTLE_S
from tests.model.core import Core, pick, seeds
from tests.model.invariants import check_nothing_left
from tests.model.reference import Refused
from tests.model.shapes import Demand, Keys, Past, Place, Version
from tests.model.world import UPKEEP

NO_VERSION = -1


class PastRules(Core):
    """Trash, versions, upkeep."""

    @rule(seed=seeds)
    def look_back(self, seed: int) -> None:
        self.one_of(("trash", "restore", "restore", "versions", "restore_version"), seed)

    def trash(self, chance: Random) -> None:
        self.same("trash", self.who(chance), self.drive(chance))

    def restore(self, chance: Random) -> None:
        every = [(t.name, each) for t in self.reference.trees.values() for each in t.trash()]
        if not every:
            return

        def make() -> tuple[str, str, Past, Keys | None]:
            goal = self.place(chance)[1] if chance.random() < 0.5 else None
            return self.who(chance), *chance.choice(every), goal

        who, drive, item, goal = self.choose("restore", chance, make)
        self.log.append(f"restore {who} {drive} {item.names} to {goal}")
        done = self.both_of(
            "restore",
            lambda: self.reference.restore(who, drive, item, goal),
            lambda: self.real.restore(who, drive, item.node.number, goal),
        )
        assert not done or done[0] == done[1], f"it is restored to {done[1]}, the model says {done[0]}"

    def versions(self, chance: Random) -> None:
        """Every version of a path, and the bytes of one."""
        done = self.both("versions", self.who(chance), self._past_place(chance))
        with self.explained():
            if done:
                model, real = done
                assert [each.etag for each in model] == [etag for _, etag, _ in real], "other versions than the model's"
                at = chance.randrange(len(model))
                assert self.real.read_content(real[at][2]) == model[at].content, "an old version has other bytes"

    def restore_version(self, chance: Random) -> None:
        def make() -> tuple[str, Place, Version | None, Demand]:
            who, place = self.who(chance), self._past_place(chance)
            return who, place, self._version(who, place, chance), self.demand(who, place, chance)

        who, place, old, demand = self.choose("restore_version", chance, make)
        number = self._number(who, place, old)
        self.log.append(f"restore version {who} {place} {old} {demand}")
        done = self.both_of(
            "restore_version",
            lambda: self.reference.restore_version(who, place, old, demand),
            lambda: self.real.restore_version(who, place, number, demand),
        )
        self.learn(done)

    def _past_place(self, chance: Random) -> Place:
        """Mostly a place that something had once."""
        drive = self.drive(chance)
        past = pick(self.reference.trees[drive].past, chance)
        return (drive, past.names) if past is not None and chance.random() < 0.6 else self.place(chance)

    def _version(self, who: str, place: Place, chance: Random) -> Version | None:
        try:
            return chance.choice(self.reference.versions(who, place))
        except Refused:
            return None

    def _number(self, who: str, place: Place, old: Version | None) -> int:
        """What the real drive calls a version. Who is no member any more knows it from before."""
        members = self.reference.trees[place[0]].roles
        asks = who if who in members else next(iter(members), "")
        if old is None or not asks:
            return NO_VERSION
        return next(number for number, etag, _ in self.real.versions(asks, place) if etag == old.etag)

    @precondition(lambda self: self.reference.step % 5 == 4)
    @rule()
    def upkeep(self) -> None:
        scale = self.world.scale
        self.log.append("upkeep")
        self.both_of(
            "upkeep",
            lambda: self.reference.upkeep(int(UPKEEP.request_s) * scale, int(UPKEEP.retention_s) * scale),
            self.world.upkeep,
        )
        if self.world.exact_time:  # otherwise the sweep spares what is young
            with self.explained():
                check_nothing_left(self.world)

    @precondition(lambda self: self.reference.step % 5 == 3)
    @rule(seed=seeds)
    def empty_trash(self, seed: int) -> None:
        chance = self.chance(seed)
        tree, versions = self.reference.trees[self.drive(chance)], chance.random() < 0.5
        self.log.append(f"empty trash of {tree.name}, versions {versions}")
        self.both_of(
            "trash emptied",
            lambda: self.reference.purge(
                tree, self.reference.time_of(tree) - SETTLE_S * 1000 * self.world.scale, versions
            ),
            lambda: self.world.empty_trash(tree.name, versions),
        )
