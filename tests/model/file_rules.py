"""The machine's rules for files, collections and their properties."""

from random import Random
from typing import Any

from hypothesis.stateful import initialize, rule

from tests.model.core import FREE, Core, seeds
from tests.model.shapes import Demand, Keys, Place

CHANGES = ("put", "patch", "mkcol", "delete", "copy", "copy", "move", "move", "proppatch")


class FileRules(Core):
    """What is done to files and collections, and seen of them."""

    @initialize()
    def begin_with_a_tree(self) -> None:
        """So that most steps find something."""
        collections: tuple[Keys, ...] = (("x",), ("x", "y"), ("y",))
        files: tuple[Keys, ...] = (("x", "x"), ("x", "y", "x"), ("e\N{COMBINING ACUTE ACCENT}",))
        for drive in self.reference.trees:
            for names in collections:
                self.both("mkcol", "bob", (drive, names), FREE)
            for names in files:
                self.learn(self.both("put", "bob", (drive, names), b"0123456789" * len(names), FREE))

    @rule(seed=seeds)
    def change(self, seed: int) -> None:
        self.one_of(CHANGES, seed)

    @rule(seed=seeds)
    def see(self, seed: int) -> None:
        self.one_of(("read", "look"), seed)

    def _wanted(self, chance: Random) -> tuple[str, Place, Demand]:
        who, place = self.who(chance), self.place(chance)
        return who, place, self.demand(who, place, chance)

    def put(self, chance: Random) -> None:
        def make() -> tuple[str, Place, bytes, Demand]:
            who, place, demand = self._wanted(chance)
            return who, place, self.body(chance), demand

        self.learn(self.both("put", *self.choose("put", chance, make)))

    def patch(self, chance: Random) -> None:
        """From somewhere in the file on, at its end, or behind it."""

        def make() -> tuple[str, Place, int, bytes, Demand]:
            who, place, demand = self._wanted(chance)
            node = self.node(place)
            size = len(node.content) if node is not None and node.is_file else 0
            offset = chance.choice((0, size, size + 1, chance.randint(0, size)))
            return who, place, offset, self.body(chance) or b"1", demand

        self.learn(self.both("patch", *self.choose("patch", chance, make)))

    def mkcol(self, chance: Random) -> None:
        self.both("mkcol", *self.choose("mkcol", chance, lambda: self._wanted(chance)))

    def delete(self, chance: Random) -> None:
        self.both("delete", *self.choose("delete", chance, lambda: self._wanted(chance)))

    def copy(self, chance: Random) -> None:
        def make() -> tuple[Any, ...]:
            return self._two_places(chance, chance.random() < 0.7, chance.random() < 0.6)

        self.same("copy", *self.choose("copy", chance, make))

    def move(self, chance: Random) -> None:
        self.same("move", *self.choose("move", chance, lambda: self._two_places(chance, chance.random() < 0.7)))

    def _two_places(self, chance: Random, *how: bool) -> tuple[Any, ...]:
        who, source, demand = self._wanted(chance)
        goal = self.place(chance, source[0] if chance.random() < 0.5 else "")
        return who, source, goal, *how, demand

    def proppatch(self, chance: Random) -> None:
        changes = {chance.choice("pqr"): chance.choice((None, "<v/>", "<w/>")) for _ in range(2)}

        def make() -> tuple[str, Place, dict[str, str | None], Demand]:
            who, place, demand = self._wanted(chance)
            return who, place, changes, demand

        self.both("proppatch", *self.choose("proppatch", chance, make))

    def read(self, chance: Random) -> None:
        who, place, first = self.who(chance), self.place(chance), chance.randrange(60)
        self.same("read", who, place, first, first + chance.randint(1, 60))

    def look(self, chance: Random) -> None:
        """Members, ETags, sizes, dead properties and locks, as a listing shows them."""
        self.same("look", self.who(chance), self.place(chance))
