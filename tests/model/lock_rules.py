"""The machine's rules for locks."""

from random import Random

from hypothesis.stateful import rule

from tests.model.core import Core, pick, seeds
from tests.model.shapes import Demand, Place

TIMEOUTS_S = (1, 60, 4000, 4000, 4000)


class LockRules(Core):
    """LOCK, refresh, UNLOCK."""

    @rule(seed=seeds)
    def take_or_give_back(self, seed: int) -> None:
        self.one_of(("lock", "lock", "lock", "refresh", "refresh", "unlock"), seed)

    def lock(self, chance: Random) -> None:
        def make() -> tuple[str, Place, bool, bool, int, Demand]:
            who, place = self.who(chance), self.place(chance)
            scope, depth = chance.random() < 0.5, chance.random() < 0.5
            return who, place, scope, depth, self._timeout(chance), self.demand(who, place, chance)

        self.take(*self.choose("lock", chance, make))

    def take(self, who: str, place: Place, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand) -> None:
        """LOCK on both, and tell the model what the real drive called the lock, and the file if it made one."""
        done = self.both("lock", who, place, exclusive, infinite, timeout_s, demand)
        if done:
            done[0].token = done[1]
            self.tokens.append(done[1])
            node = self.node(place)
            if node is not None and node.is_file and not node.versions[-1].etag:
                self.learn((node.versions[-1], self.real.etag(who, place)))

    def refresh(self, chance: Random) -> None:
        timeout_s = self._timeout(chance)
        self.both("refresh", *self.choose("refresh", chance, lambda: (*self._locked_place(chance), timeout_s)))

    def unlock(self, chance: Random) -> None:
        self.both("unlock", *self.choose("unlock", chance, lambda: self._locked_place(chance)))

    def _timeout(self, chance: Random) -> int:
        return chance.choice(TIMEOUTS_S) * self.world.scale

    def _locked_place(self, chance: Random) -> tuple[str, Place, str]:
        """Mostly where a lock is, by its holder, with its token."""
        found = pick(self.reference.locks, chance)
        if found is None or chance.random() < 0.2:
            return self.who(chance), self.place(chance), pick(self.tokens, chance)
        who = found.principal if chance.random() < 0.6 else self.who(chance)
        place = (found.drive, found.keys) if chance.random() < 0.8 else self.place(chance)
        return who, place, found.token
