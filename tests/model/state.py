"""What the model's operations share: who may do what where, and how a tree, its past and its locks change."""

from dataclasses import dataclass, field

from tests.model.shapes import Condition, Demand, Keys, Lock, Node, Past, Place, Tree, Version, within

VIEWER, EDITOR, OWNER = 1, 2, 3
DRAFT_MS = 60_000
FREE = Demand()


class Refused(Exception):
    """The operation must not happen; `reasons` are names of DriveError kinds."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = set(reasons)
        super().__init__(", ".join(sorted(self.reasons)))


def when(holds: object, kind: str) -> set[str]:
    """The kind of an error as a reason, or none."""
    return {kind} if holds else set()


@dataclass(eq=False)
class Spot:
    """A path as one operation sees it: who asks, on which demand, what lives there, and the collection that holds it or
    would."""

    who: str
    demand: Demand
    tree: Tree
    names: Keys
    keys: Keys
    node: Node | None
    parent: Node | None


@dataclass(eq=False)
class State:
    """Every drive, every lock, and the time: `now_ms` is the clock of locks, from which the wall clock
    may have jumped."""

    trees: dict[str, Tree]
    now_ms: int = 0
    jumped_ms: int = 0
    step: int = 0
    locks: list[Lock] = field(default_factory=list)
    only_looking: bool = False

    def would(self, operation: str, *arguments: object) -> set[str]:
        """The reasons for which an operation would be refused now. Nothing is done: whatever changes something goes
        through `_refuse` first."""
        self.only_looking = True
        try:
            getattr(self, operation)(*arguments)
        except Refused as refused:
            return refused.reasons
        finally:
            self.only_looking = False
        return set()

    def _refuse(self, *reasons: set[str]) -> None:
        found = set().union(*reasons)
        if found or self.only_looking:
            raise Refused(*found)

    @property
    def wall_ms(self) -> int:
        return self.now_ms + self.jumped_ms

    def at(self, who: str, place: Place, demand: Demand = FREE) -> Spot:
        tree, names = self.trees[place[0]], place[1]
        if who not in tree.roles:
            raise Refused("NotFound")
        keys = tree.keys(names)
        above = tree.find(keys[:-1]) if keys else None
        parent = None if above is None or above.is_file else above
        return Spot(who, demand, tree, names, keys, tree.find(keys), parent)

    def _two(self, who: str, source: Place, target: Place, demand: Demand) -> tuple[Spot, Spot]:
        unseen = when(who not in self.trees[source[0]].roles, "NotFound")
        unseen |= when(who not in self.trees[target[0]].roles, "ParentMissing")
        if unseen:
            raise Refused(*unseen)
        return self.at(who, source, demand), self.at(who, target, demand)

    def used(self, tree: Tree) -> int:
        """What a drive stores: every version, past ones and those in the trash too."""
        return sum(len(version.content) for node in tree.stored() for version in node.versions)

    def _no_room(self, tree: Tree, size: int) -> set[str]:
        return when(tree.quota is not None and self.used(tree) + size > tree.quota, "QuotaExceeded")

    def _changing(self, spot: Spot, *others: Tree) -> set[str]:
        """What is against any change at a place."""
        return role(spot) | self._unmet(spot, *others)

    def _writing(self, spot: Spot) -> set[str]:
        """What is against new content at a place."""
        if spot.node is None:
            return self._changing(spot) | self._new_member(spot)
        return self._changing(spot) | self._locked(spot, spot.keys) | when(not spot.node.is_file, "NotAllowedHere")

    def _new_member(self, spot: Spot) -> set[str]:
        missing = when(spot.parent is None and spot.keys, "ParentMissing")
        return missing | self._locked(spot, spot.keys[:-1], spot.keys)

    def _target(self, spot: Spot, goal: Spot) -> set[str]:
        """What is against a copy or the thing itself at a target."""
        apart = not within(spot.keys, goal.keys) and not within(goal.keys, spot.keys)
        inside = spot.tree is goal.tree and spot.keys != goal.keys and not apart
        never = spot.tree.folded != goal.tree.folded or not goal.keys
        reasons = role(goal) | when(never or inside, "Forbidden")
        reasons |= when(not never and goal.parent is None, "ParentMissing")
        return reasons | (self._tree_locked(goal) if goal.node else self._new_member(goal))

    def _live(self, drive: str) -> list[Lock]:
        return [each for each in self.locks if each.drive == drive and each.expires_ms > self.now_ms]

    def _lock(self, drive: str, token: str) -> Lock | None:
        return next((each for each in self.locks if (each.drive, each.token) == (drive, token)), None)

    def _locked(self, spot: Spot, *places: Keys) -> set[str]:
        """Each place must be free, or covered by a lock whose holder submitted its token."""
        live = self._live(spot.tree.name)
        mine = [each for each in live if each.principal == spot.who and each.token in spot.demand.submitted]
        taken = [keys for keys in places if any(each.covers(keys) for each in live)]
        return when(not all(any(each.covers(keys) for each in mine) for keys in taken), "Locked")

    def _tree_locked(self, spot: Spot) -> set[str]:
        below = [each.keys for each in self._live(spot.tree.name) if within(each.keys, spot.keys)]
        return self._locked(spot, spot.keys[:-1], spot.keys, *below)

    def _conflicts(self, lock: Lock) -> set[str]:
        against = (each for each in self._live(lock.drive) if each is not lock)
        return when(any(each.clashes(lock) for each in against), "LockConflict")

    def _overtaken(self, who: str, tree: Tree, lock: Lock) -> set[str]:
        """Whether somebody else changed what an expired lock had locked since it was granted or renewed."""
        node = tree.find(lock.keys)
        if node is not None and node.is_file:
            changed = node.versions[-1].author != who and node.versions[-1].step > lock.step
        else:
            others = (step for name, step, _ in tree.commits if name not in ("", who))
            changed = tree.forgotten > lock.step or any(step > lock.step for step in others)
        return when(changed, "PreconditionFailed")

    def _unmet(self, spot: Spot, *others: Tree) -> set[str]:
        demand, node = spot.demand, spot.node
        met = demand.if_match is None or (node is not None and demand.if_match in ("*", node.etag))
        clear = demand.if_none_match is None or node is None or demand.if_none_match not in ("*", node.etag)
        stated = not demand.lists or any(
            all(self._true(each, place, spot, others) for each in conditions) for place, conditions in demand.lists
        )
        covering = {each.token for each in self._live(spot.tree.name) if each.covers(spot.keys)}
        shut = not stated and covering and not covering & demand.submitted
        return when(not (met and clear and stated), "PreconditionFailed") | when(shut, "Locked")

    def _true(self, each: Condition, place: Place | None, spot: Spot, others: tuple[Tree, ...]) -> bool:
        """Whether one condition of an If header holds. Drives that the operation is not about have nothing."""
        drive, names = place or (spot.tree.name, spot.names)
        tree = next((tree for tree in (spot.tree, *others) if tree.name == drive), None)
        keys = tree.keys(names) if tree else ()
        if each.token is not None:
            found = any(lock.token == each.token and lock.covers(keys) for lock in self._live(drive) if tree)
        else:
            node = tree.find(keys) if tree else None
            found = node is not None and each.etag == node.etag
        return found != each.negated

    def time_of(self, tree: Tree) -> int:
        """The drive's own time is the wall clock's, but never goes back."""
        return max(tree.time_ms, self.wall_ms)

    def _changed(self, who: str, tree: Tree) -> None:
        tree.time_ms = self.time_of(tree)
        tree.commits.append((who, self.step, tree.time_ms))

    def _attach(self, spot: Spot, node: Node) -> None:
        assert spot.parent is not None
        self._changed(spot.who, spot.tree)
        spot.parent.members[spot.keys[-1]] = (spot.names[-1], node)
        node.since = self.step
        for each in spot.tree.past:
            each.trash = each.trash and each.node is not node

    def _detach(self, spot: Spot, trash: bool) -> None:
        assert spot.parent is not None
        self._changed(spot.who, spot.tree)
        tree, key = spot.tree, spot.keys[-1]
        name, node = spot.parent.members.pop(key)
        names = (*(tree.names_of(spot.parent) or ()), name)
        tree.past.append(Past(node, spot.parent, names, key, node.since, self.step, tree.time_ms, trash))
        self.locks = [each for each in self.locks if each.drive != tree.name or not within(each.keys, spot.keys)]

    def _clear(self, goal: Spot) -> None:
        """Make room for what takes the place. A file that is replaced so is a version of the path, and not in the
        trash."""
        if goal.node is not None:
            self._detach(goal, trash=not goal.node.is_file)

    def _write(self, spot: Spot, content: bytes, drafts: bool = True) -> Version:
        """A new version. An empty one that its author replaces within a minute was half a save, and no version."""
        self._changed(spot.who, spot.tree)
        now = spot.tree.time_ms
        if spot.node is None:
            spot.node = Node(True)
            self._attach(spot, spot.node)
        last = spot.node.versions[-1] if spot.node.versions else None
        if last and drafts and not last.content and last.author == spot.who and last.made_ms >= now - DRAFT_MS:
            spot.node.versions.remove(last)
        elif last:
            last.until, last.ended_ms = self.step, now
        spot.node.versions.append(Version(content, spot.who, now, self.step))
        return spot.node.versions[-1]

    def _twin(self, goal: Spot, node: Node, deep: bool) -> Node:
        """A copy, with the present version alone; `deep`: and with its members."""
        now = self.time_of(goal.tree)
        versions = [Version(each.content, goal.who, now, self.step, each.etag) for each in node.versions[-1:]]
        members = node.members.items() if deep else ()
        copies = {key: (name, self._twin(goal, member, True)) for key, (name, member) in members}
        return Node(node.is_file, copies, versions, dict(node.properties), self.step)


def role(spot: Spot, least: int = EDITOR) -> set[str]:
    """What is against a change by somebody with less than a role."""
    return when(spot.tree.roles[spot.who] < least, "Forbidden")
