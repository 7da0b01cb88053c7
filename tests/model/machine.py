"""The state machine: every operation on the model and on the real drive, and both must say the same."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from davdrive.errors import DriveError
from tests.model.drive_ops import DriveOps, Place, kinds_of
from tests.model.invariants import check
from tests.model.reference import Reference, Refused
from tests.model.shapes import Demand, Keys, Node
from tests.model.world import USERS, AnyWorlds, World, reference_of

NAMES = ("x", "y", "X", "e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}")
LONGEST_LOCK_S = 4000
NO_DEMAND = (None, None, "none", False, 0)

drives = st.sampled_from(["a", "a", "b", "b", "c"])
names = st.lists(st.sampled_from(NAMES + ("x", "y") * 3), max_size=3).map(tuple)
people = st.sampled_from(("alice", "bob") * 4 + USERS)
bodies = st.one_of(st.binary(max_size=60), st.binary(min_size=20, max_size=20).map(lambda each: each * 4))
which = st.integers(0, 1000)
wishes = st.tuples(which, st.integers(0, 5), drives, names, st.sampled_from(NAMES))
tags = st.sampled_from([None] * 14 + ["*", "current", "other"])
tokens = st.sampled_from(["none", "mine", "mine", "mine", "any"])
demands = st.tuples(tags, tags, tokens, st.integers(0, 9).map(lambda each: each == 0), which)
timeouts = st.sampled_from([1, 60, LONGEST_LOCK_S])


def _pick(items: Iterable[Any], index: int) -> Any:
    found = list(items)
    return found[index % len(found)] if found else None


class DriveMachine(RuleBasedStateMachine):
    """`worlds` is set by whoever runs it; `tally` counts what happened, so that a run that did nothing can fail."""

    worlds: ClassVar[AnyWorlds]
    ops: ClassVar[type[DriveOps]] = DriveOps
    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(self.worlds.fresh())
        self.real = self.ops(self.world)
        self.reference: Reference = reference_of(self.world.clock.now_ms)
        self.etags: list[str] = ["never"]
        self.tokens: list[str] = ["urn:uuid:never"]
        for drive in self.reference.trees:
            self._begin_with(drive)

    def _begin_with(self, drive: str) -> None:
        """A tree to begin with, so that most steps find something."""
        collections: tuple[Keys, ...] = (("x",), ("x", "y"), ("y",))
        files: tuple[Keys, ...] = (("x", "x"), ("x", "y", "x"), ("e\N{COMBINING ACUTE ACCENT}",))
        for names in collections:
            self.mkcol("bob", (0, 0, drive, names, ""), NO_DEMAND)
        for names in files:
            self.put("bob", (0, 0, drive, names, ""), b"0123456789" * len(names), NO_DEMAND)

    def teardown(self) -> None:
        self._open.close()

    @invariant()
    def the_drive_is_the_models(self) -> None:
        check(self.world, self.reference)

    def _both(self, name: str, modelled: Callable[[], Any], real: Callable[[], Any]) -> Any:
        """Do it on both. The pair of results, or None when both refused."""
        self.reference.step += 1
        try:
            expected = modelled()
        except Refused as refused:
            try:
                result = real()
            except DriveError as error:
                kinds = kinds_of(error)
                if not kinds & refused.reasons:
                    raise AssertionError(f"{name}: {kinds} ({error}), the model says {refused}") from error
                self.tally[f"{name} {min(kinds & refused.reasons)}"] += 1
                return None
            raise AssertionError(f"{name} did {result}, the model refuses: {refused}") from None
        try:
            result = real()
        except DriveError as error:
            raise AssertionError(f"{name} was refused, the model does it: {type(error).__name__} ({error})") from error
        self.tally[f"{name} done"] += 1
        return expected, result

    def _demand(self, who: str, place: Place, chosen: Any) -> Demand:
        match, none_match, submitted, strict, index = chosen
        node = self._node(place)
        known = {"current": node.etag if node else None, "other": _pick(self.etags, index)}
        mine = {each.token for each in self.reference.locks if each.principal == who}
        held = {"none": set(), "mine": mine, "any": {_pick(self.tokens, index)}}[submitted]
        return Demand(
            known.get(match, match), known.get(none_match, none_match), frozenset(held), strict and bool(held)
        )

    def _place(self, wish: Any) -> Place:
        """Any path, an existing place, or a member of an existing collection."""
        index, kind, drive, names, name = wish
        if kind == 0:
            return drive, names
        nodes = sorted(self.reference.trees[drive].walk(), key=lambda each: each[0], reverse=True)
        if kind <= 3:
            return drive, _pick(nodes[:-1] or nodes, index)[0]
        return drive, (*_pick((each for each in nodes if not each[1].is_file), index)[0], name)

    def _node(self, place: Place) -> Node | None:
        tree = self.reference.trees[place[0]]
        return tree.find(tree.keys(place[1]))

    def _file(self, who: str, place: Place) -> Node | None:
        """The file at a place, if the user may see it."""
        node = self._node(place)
        return node if node is not None and node.is_file and who in self.reference.trees[place[0]].roles else None

    @rule(who=people, wish=wishes, body=bodies, chosen=demands)
    def put(self, who: str, wish: Any, body: bytes, chosen: Any) -> None:
        place = self._place(wish)
        demand = self._demand(who, place, chosen)
        done = self._both(
            "put",
            lambda: self.reference.put(who, *place, body, demand),
            lambda: self.real.put(who, place, body, demand),
        )
        self._learn(done)

    def _learn(self, done: Any) -> None:
        if done:
            done[0].etag = done[1]
            self.etags.append(done[1])

    @rule(who=people, wish=wishes, chosen=demands)
    def mkcol(self, who: str, wish: Any, chosen: Any) -> None:
        place = self._place(wish)
        demand = self._demand(who, place, chosen)
        self._both(
            "mkcol",
            lambda: self.reference.mkcol(who, *place, demand),
            lambda: self.real.mkcol(who, place, demand),
        )

    @rule(who=people, wish=wishes, chosen=demands)
    def delete(self, who: str, wish: Any, chosen: Any) -> None:
        place = self._place(wish)
        demand = self._demand(who, place, chosen)
        self._both(
            "delete",
            lambda: self.reference.delete(who, *place, demand),
            lambda: self.real.delete(who, place, demand),
        )

    @rule(who=people, wishes=st.tuples(wishes, wishes), overwrite=st.booleans(), deep=st.booleans(), chosen=demands)
    def copy(self, who: str, wishes: Any, overwrite: bool, deep: bool, chosen: Any) -> None:
        source, goal = map(self._place, wishes)
        demand = self._demand(who, source, chosen)
        done = self._both(
            "copy",
            lambda: self.reference.copy(who, source, goal, overwrite, deep, demand),
            lambda: self.real.copy(who, source, goal, overwrite, deep, demand),
        )
        assert not done or done[0] == done[1]

    @rule(who=people, wishes=st.tuples(wishes, wishes), overwrite=st.booleans(), chosen=demands)
    def move(self, who: str, wishes: Any, overwrite: bool, chosen: Any) -> None:
        source, goal = map(self._place, wishes)
        demand = self._demand(who, source, chosen)
        done = self._both(
            "move",
            lambda: self.reference.move(who, source, goal, overwrite, demand),
            lambda: self.real.move(who, source, goal, overwrite, demand),
        )
        assert not done or done[0] == done[1]

    @rule(who=people, wish=wishes, exclusive=st.booleans(), infinite=st.booleans(), timeout_s=timeouts, chosen=demands)
    def lock(self, who: str, wish: Any, exclusive: bool, infinite: bool, timeout_s: int, chosen: Any) -> None:
        place, timeout_s = self._place(wish), timeout_s * self.world.scale
        demand = self._demand(who, place, chosen)
        done = self._both(
            "lock",
            lambda: self.reference.lock(who, *place, exclusive, infinite, timeout_s, demand),
            lambda: self.real.lock(who, place, exclusive, infinite, timeout_s, demand),
        )
        if done:
            done[0].token = done[1]
            self.tokens.append(done[1])
            node = self._node(place)
            if node is not None and node.is_file and not node.etag:
                self._learn((node.versions[-1], self.real.etag(who, place)))

    @rule(who=people, wish=wishes, at_lock=st.booleans(), timeout_s=timeouts, index=which)
    def refresh(self, who: str, wish: Any, at_lock: bool, timeout_s: int, index: int) -> None:
        who, place, token = self._locked_place(who, wish, at_lock, index)
        timeout_s *= self.world.scale
        self._both(
            "refresh",
            lambda: self.reference.refresh(who, *place, token, timeout_s),
            lambda: self.real.refresh(who, place, token, timeout_s),
        )

    @rule(who=people, wish=wishes, at_lock=st.booleans(), index=which)
    def unlock(self, who: str, wish: Any, at_lock: bool, index: int) -> None:
        who, place, token = self._locked_place(who, wish, at_lock, index)
        self._both(
            "unlock",
            lambda: self.reference.unlock(who, *place, token),
            lambda: self.real.unlock(who, place, token),
        )

    def _locked_place(self, who: str, wish: Any, at_lock: bool, index: int) -> tuple[str, Place, str]:
        found = _pick(self.reference.locks, index) if at_lock else None
        if found is None:
            return who, self._place(wish), _pick(self.tokens, index)
        return found.principal if index % 3 else who, (found.drive, found.keys), found.token

    @rule(
        who=people,
        wish=wishes,
        changes=st.dictionaries(st.sampled_from("pqr"), st.one_of(st.none(), st.just("<v/>")), min_size=1),
        chosen=demands,
    )
    def proppatch(self, who: str, wish: Any, changes: dict[str, str | None], chosen: Any) -> None:
        place = self._place(wish)
        demand = self._demand(who, place, chosen)
        self._both(
            "proppatch",
            lambda: self.reference.proppatch(who, *place, changes, demand),
            lambda: self.real.proppatch(who, place, changes, demand),
        )

    @rule(who=people, wish=wishes, first=st.integers(0, 70), length=st.integers(0, 70))
    def read(self, who: str, wish: Any, first: int, length: int) -> None:
        place = self._place(wish)
        node = self._file(who, place)
        if node is None:
            return
        content = node.versions[-1].content
        start, stop = min(first, len(content)), min(first + length, len(content))
        assert self.real.read(who, place, start, stop) == content[start:stop], "a read gave other bytes"
        self.tally["read done"] += 1

    @precondition(lambda self: any(tree.trash for tree in self.reference.trees.values()))
    @rule(who=people, goal=st.one_of(st.none(), names), index=which)
    def restore(self, who: str, goal: Keys | None, index: int) -> None:
        drive, item = _pick(((t.name, each) for t in self.reference.trees.values() for each in t.trash), index)
        if who not in self.reference.trees[drive].roles:
            return
        expected = sorted(each.names for each in self.reference.trees[drive].trash)
        assert sorted(self.real.trash(who, drive)) == expected, "the trash holds other things than the model's"
        done = self._both(
            "restore",
            lambda: self.reference.restore(who, drive, item, goal),
            lambda: self.real.restore(who, drive, item.node.number, goal),
        )
        assert not done or done[0] == done[1]

    @rule(who=people, wish=wishes, index=which, chosen=demands)
    def restore_version(self, who: str, wish: Any, index: int, chosen: Any) -> None:
        place = self._place(wish)
        node = self._file(who, place)
        if node is None:
            return
        listed = self.real.versions(who, place)
        past = iter([etag for _, etag in listed])
        assert all(version.etag in past for version in node.versions), "a version is missing or out of order"
        old = _pick(node.versions, index)
        number = next(number for number, etag in listed if etag == old.etag)
        demand = self._demand(who, place, chosen)
        done = self._both(
            "restore version",
            lambda: self.reference.restore_version(who, *place, old, demand),
            lambda: self.real.restore_version(who, place, number, demand),
        )
        self._learn(done)

    @rule(seconds=st.sampled_from([1, 59, 61, 3599, 3601, 8000]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds * self.world.scale)
        self.reference.now_ms = self.world.clock.now_ms
        self.tally["time"] += 1

    @precondition(lambda self: self.reference.step % 9 == 8)
    @rule()
    def reopen(self) -> None:
        self.world.reopen()
        self.reference.step += 1
        self.tally["reopen"] += 1
