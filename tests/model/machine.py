"""The state machine: every operation of the drive on the model and on the real one, and both must say the same."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from davdrive.deadline import unlimited
from davdrive.drive.conditions import Conditions, EntityTag, StateCondition, StateList
from davdrive.drive.conditions import AnyTag as Any_
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content, read_bytes, stat
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.unlock import refresh, unlock
from davdrive.drive.versions import list_versions
from davdrive.errors import DriveError
from davdrive.metadata.properties import PropertyName
from tests.model.invariants import check
from tests.model.reference import Reference, Refused
from tests.model.shapes import Demand, Keys, Node
from tests.model.world import USERS, World, Worlds, reference_of

NAMES = ("x", "y", "X", "e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}")
NO_LOCK = "DAV:no-lock"
LONGEST_LOCK_S = 4000

drives = st.sampled_from(["a", "a", "b", "b", "c"])
names = st.lists(st.sampled_from(NAMES + ("x", "y") * 3), max_size=3).map(tuple)
Place = tuple[str, Keys]
which = st.integers(0, 1000)
wishes = st.tuples(which, st.integers(0, 5), drives, names, st.sampled_from(NAMES))
people = st.sampled_from(("alice", "bob") * 4 + USERS)
bodies = st.one_of(st.binary(max_size=60), st.binary(min_size=20, max_size=20).map(lambda each: each * 4))
tags = st.sampled_from([None] * 14 + ["*", "current", "other"])
tokens = st.sampled_from(["none", "mine", "mine", "mine", "any"])
demands = st.tuples(tags, tags, tokens, st.integers(0, 9).map(lambda each: each == 0), which)


def _pick(items: Any, index: int) -> Any:
    found = list(items)
    return found[index % len(found)] if found else None


class DriveMachine(RuleBasedStateMachine):
    """`worlds` is set by whoever runs it; `tally` counts what happened, so that a run that did nothing can fail."""

    worlds: Worlds
    tally: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(self.worlds.fresh())
        self.reference: Reference = reference_of(self.world.clock.now_ms)
        self.etags: list[str] = ["never"]
        self.tokens: list[str] = ["urn:uuid:never"]
        for drive in self.reference.trees:
            self._begin_with(drive)

    def _begin_with(self, drive: str) -> None:
        """A tree to begin with, so that most steps find something."""
        nothing = (None, None, "none", False, 0)
        for names in (("x",), ("x", "y"), ("y",)):
            self.mkcol("bob", (0, 0, drive, names, ""), nothing)
        for names in (("x", "x"), ("x", "y", "x"), ("e\N{COMBINING ACUTE ACCENT}",)):
            self.put("bob", (0, 0, drive, names, ""), b"0123456789" * len(names), nothing)

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
                kind = type(error).__name__
                assert kind in refused.reasons, f"{name}: {kind} ({error}), the model says {refused}"
                self.tally[f"{name} {kind}"] += 1
                return None
            raise AssertionError(f"{name} did {result}, the model refuses: {refused}") from None
        try:
            result = real()
        except DriveError as error:
            raise AssertionError(f"{name} was refused, the model does it: {type(error).__name__} ({error})") from error
        self.tally[f"{name} done"] += 1
        return expected, result

    def _demand(self, who: str, place: Place, chosen: Any) -> tuple[Demand, Conditions]:
        match, none_match, submitted, strict, index = chosen
        node = self._node(place)
        known = {"current": node.etag if node else None, "other": _pick(self.etags, index)}
        if_match, if_none_match = known.get(match, match), known.get(none_match, none_match)
        mine = {each.token for each in self.reference.locks if each.principal == who}
        held = {"none": set(), "mine": mine, "any": {_pick(self.tokens, index)}}[submitted]
        demand = Demand(if_match, if_none_match, frozenset(held), strict and bool(held))
        lists = [StateList((StateCondition(token=token),)) for token in sorted(held)]
        if not demand.strict and held:
            lists.append(StateList((StateCondition(token=NO_LOCK, negated=True),)))
        return demand, Conditions(_tags(if_match), _tags(if_none_match), if_lists=tuple(lists))

    def _place(self, wish: Any) -> Place:
        """An existing place, a member of an existing collection, or any path."""
        index, kind, drive, names, name = wish
        tree = self.reference.trees[drive]
        if kind == 0:
            return drive, names
        nodes = sorted(tree.walk(), key=lambda each: each[0], reverse=True)
        if kind <= 3:
            return drive, _pick(nodes[:-1] or nodes, index)[0]
        return drive, (*_pick([each for each in nodes if not each[1].is_file], index)[0], name)

    def _node(self, place: Place) -> Node | None:
        tree = self.reference.trees[place[0]]
        return tree.find(tree.keys(place[1]))

    @rule(who=people, wish=wishes, body=bodies, chosen=demands)
    def put(self, who: str, wish: Any, body: bytes, chosen: Any) -> None:
        place = self._place(wish)
        demand, conditions = self._demand(who, place, chosen)
        done = self._both(
            "put",
            lambda: self.reference.put(who, *place, body, demand),
            lambda: put(self.world.backend, self._caller(who), _path(place), [body], PutOptions(), conditions),
        )
        if done:
            done[0].etag = done[1].etag
            self.etags.append(done[1].etag)

    @rule(who=people, wish=wishes, chosen=demands)
    def mkcol(self, who: str, wish: Any, chosen: Any) -> None:
        place = self._place(wish)
        demand, conditions = self._demand(who, place, chosen)
        self._both(
            "mkcol",
            lambda: self.reference.mkcol(who, *place, demand),
            lambda: make_collection(self.world.backend, self._caller(who), _path(place), conditions),
        )

    @rule(who=people, wish=wishes, chosen=demands)
    def delete(self, who: str, wish: Any, chosen: Any) -> None:
        place = self._place(wish)
        demand, conditions = self._demand(who, place, chosen)
        self._both(
            "delete",
            lambda: self.reference.delete(who, *place, demand),
            lambda: delete(self.world.backend, self._caller(who), _path(place), conditions),
        )

    @rule(who=people, source_wish=wishes, goal_wish=wishes, overwrite=st.booleans(), deep=st.booleans(), chosen=demands)
    def copy(
        self, who: str, source_wish: Any, goal_wish: Any, overwrite: bool, deep: bool, chosen: Any
    ) -> None:
        source, goal = self._place(source_wish), self._place(goal_wish)
        demand, conditions = self._demand(who, source, chosen)
        done = self._both(
            "copy",
            lambda: self.reference.copy(who, source, goal, overwrite, deep, demand),
            lambda: copy(
                self.world.backend,
                self._caller(who),
                _path(source),
                _path(goal),
                overwrite=overwrite,
                infinite=deep,
                conditions=conditions,
            ),
        )
        assert not done or done[0] == done[1].created

    @rule(who=people, source_wish=wishes, goal_wish=wishes, overwrite=st.booleans(), chosen=demands)
    def move(self, who: str, source_wish: Any, goal_wish: Any, overwrite: bool, chosen: Any) -> None:
        source, goal = self._place(source_wish), self._place(goal_wish)
        demand, conditions = self._demand(who, source, chosen)
        done = self._both(
            "move",
            lambda: self.reference.move(who, source, goal, overwrite, demand),
            lambda: move(
                self.world.backend,
                self._caller(who),
                _path(source),
                _path(goal),
                overwrite=overwrite,
                conditions=conditions,
            ),
        )
        assert not done or done[0] == done[1].created

    @rule(
        who=people,
        wish=wishes,
        exclusive=st.booleans(),
        infinite=st.booleans(),
        timeout_s=st.sampled_from([1, 60, LONGEST_LOCK_S]),
        chosen=demands,
    )
    def lock(
        self, who: str, wish: Any, exclusive: bool, infinite: bool, timeout_s: int, chosen: Any
    ) -> None:
        place = self._place(wish)
        demand, conditions = self._demand(who, place, chosen)
        request = LockRequest(exclusive, infinite, None, timeout_s)
        done = self._both(
            "lock",
            lambda: self.reference.lock(who, *place, exclusive, infinite, timeout_s, demand),
            lambda: lock(self.world.backend, self._caller(who), _path(place), request, conditions),
        )
        if done:
            done[0].token = done[1].lock.token
            self.tokens.append(done[1].lock.token)
            self._name_new_file(who, place)

    def _name_new_file(self, who: str, place: Place) -> None:
        node = self._node(place)
        if node is not None and node.is_file and not node.versions[-1].etag:
            etag = stat(self.world.backend, self._caller(who), _path(place)).resource.etag or ""
            node.versions[-1].etag = etag
            self.etags.append(etag)

    @rule(who=people, wish=wishes, at_lock=st.booleans(), timeout_s=st.sampled_from([1, LONGEST_LOCK_S]), index=which)
    def refresh(self, who: str, wish: Any, at_lock: bool, timeout_s: int, index: int) -> None:
        place = self._place(wish)
        who, place, token = self._locked_place(who, place, at_lock, index)
        conditions = Conditions(if_lists=(StateList((StateCondition(token=token),)),))
        self._both(
            "refresh",
            lambda: self.reference.refresh(who, *place, token, timeout_s),
            lambda: refresh(self.world.backend, self._caller(who), _path(place), conditions, timeout_s),
        )

    @rule(who=people, wish=wishes, at_lock=st.booleans(), index=which)
    def unlock(self, who: str, wish: Any, at_lock: bool, index: int) -> None:
        place = self._place(wish)
        who, place, token = self._locked_place(who, place, at_lock, index)
        self._both(
            "unlock",
            lambda: self.reference.unlock(who, *place, token),
            lambda: unlock(self.world.backend, self._caller(who), _path(place), token),
        )

    def _locked_place(
        self, who: str, place: Place, at_lock: bool, index: int
    ) -> tuple[str, Place, str]:
        found = _pick(self.reference.locks, index) if at_lock else None
        if found is None:
            return who, place, _pick(self.tokens, index)
        return found.principal if index % 3 else who, (found.drive, found.keys), found.token

    @rule(
        who=people,
        wish=wishes,
        changes=st.dictionaries(st.sampled_from("pqr"), st.one_of(st.none(), st.just("<v/>")), min_size=1),
        chosen=demands,
    )
    def proppatch(self, who: str, wish: Any, changes: dict[str, str | None], chosen: Any) -> None:
        place = self._place(wish)
        demand, conditions = self._demand(who, place, chosen)
        patch = PropertyPatch([PropertyChange(PropertyName("urn:t", name), value) for name, value in changes.items()])
        self._both(
            "proppatch",
            lambda: self.reference.proppatch(who, *place, changes, demand),
            lambda: patch_properties(self.world.backend, self._caller(who), _path(place), patch, conditions),
        )

    @precondition(lambda self: any(tree.trash for tree in self.reference.trees.values()))
    @rule(who=people, goal=st.one_of(st.none(), names), index=which)
    def restore(self, who: str, goal: Keys | None, index: int) -> None:
        drive, item = _pick(((t.name, each) for t in self.reference.trees.values() for each in t.trash), index)
        if who not in self.reference.trees[drive].roles:
            return
        listed = {(each.path.names, each.id) for each in list_trash(self.world.backend, self._caller(who), drive)}
        expected = sorted(each.names for each in self.reference.trees[drive].trash)
        assert sorted(each for each, _ in listed) == expected, "the trash holds other things than the model's"
        identity = _identity_of(self.world, drive, item.node.number)
        path = None if goal is None else DrivePath(drive, goal)
        done = self._both(
            "restore",
            lambda: self.reference.restore(who, drive, item, goal),
            lambda: restore_deleted(self.world.backend, self._caller(who), drive, identity, path),
        )
        assert not done or done[0] == done[1].names

    @rule(who=people, wish=wishes, index=which, chosen=demands)
    def restore_version(self, who: str, wish: Any, index: int, chosen: Any) -> None:
        place = self._place(wish)
        node = self._node(place)
        if node is None or not node.is_file or who not in self.reference.trees[place[0]].roles:
            return
        listed = list_versions(self.world.backend, self._caller(who), _path(place))
        order = [each.etag for each in reversed(listed)]
        past = iter(order)
        assert all(version.etag in past for version in node.versions), "a version is missing or out of order"
        old = _pick(node.versions, index)
        identity = next(each.id for each in listed if each.etag == old.etag)
        demand, conditions = self._demand(who, place, chosen)
        done = self._both(
            "restore version",
            lambda: self.reference.restore_version(who, *place, old, demand),
            lambda: restore_version(self.world.backend, self._caller(who), _path(place), identity, conditions),
        )
        if done:
            done[0].etag = done[1].etag
            self.etags.append(done[1].etag)

    @rule(who=people, wish=wishes, first=st.integers(0, 70), length=st.integers(0, 70))
    def read(self, who: str, wish: Any, first: int, length: int) -> None:
        place = self._place(wish)
        node = self._node(place)
        if node is None or not node.is_file or who not in self.reference.trees[place[0]].roles:
            return
        content = node.versions[-1].content
        found = open_content(self.world.backend, self._caller(who), _path(place))
        start, stop = min(first, len(content)), min(first + length, len(content))
        got = b"".join(read_bytes(self.world.backend, found.content, start, stop, unlimited()))
        assert got == content[start:stop], "a read gave other bytes"
        self.tally["read done"] += 1

    @rule(seconds=st.sampled_from([1, 59, 61, 3599, 3601, 8000]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self.reference.now_ms = self.world.clock.now_ms
        self.tally["time"] += 1

    @precondition(lambda self: self.reference.step % 9 == 8)
    @rule()
    def reopen(self) -> None:
        self.world.reopen()
        self.reference.step += 1
        self.tally["reopen"] += 1

    def _caller(self, who: str) -> Any:
        return self.world.callers[who]


def _path(place: Place) -> DrivePath:
    return DrivePath(*place)


def _tags(tag: str | None) -> Any:
    return Any_() if tag == "*" else None if tag is None else (EntityTag(tag),)


def _identity_of(world: World, drive: str, node: int) -> int:
    from davdrive.metadata.statement import Statement

    find = Statement("""
        SELECT max(e.id) FROM entries e JOIN drives d ON d.id = e.drive
        WHERE d.name = :drive AND e.node = :node AND e.until IS NOT NULL""")
    found: int = world.backend.database.read(lambda session: session.value(find, drive=drive, node=node))
    return found
