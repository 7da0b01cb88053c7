"""What the model's operations share: who may do what where, and how a tree, its past and its locks change."""

from dataclasses import dataclass, field

from tests.model.shapes import Condition, Demand, Keys, Lock, Node, Past, Place, Tree, Upload, Version, within

VIEWER, EDITOR, OWNER = 1, 2, 3
DRAFT_MS = 60_000


class Refused(Exception):
    """The operation must not happen; `reasons` are names of DriveError kinds."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = set(reasons)
        super().__init__(", ".join(sorted(self.reasons)))


@dataclass(eq=False)
class Spot:
    """A path as one operation sees it: what lives there, and the collection that holds it or would."""

    tree: Tree
    names: Keys
    keys: Keys
    node: Node | None
    parent: Node | None


@dataclass(eq=False)
class State:
    """Every drive, every lock, every upload, and the time: `now_ms` is the clock of locks, from which the wall clock
    may have jumped."""

    trees: dict[str, Tree]
    now_ms: int = 0
    jumped_ms: int = 0
    step: int = 0
    locks: list[Lock] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
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

    def _refuse(self, reasons: set[str]) -> None:
        if reasons or self.only_looking:
            raise Refused(*reasons)

    @property
    def wall_ms(self) -> int:
        return self.now_ms + self.jumped_ms

    def at(self, who: str, place: Place) -> Spot:
        tree, names = self.trees[place[0]], place[1]
        if who not in tree.roles:
            raise Refused("NotFound")
        keys = tree.keys(names)
        above = tree.find(keys[:-1]) if keys else None
        return Spot(tree, names, keys, tree.find(keys), None if above is None or above.is_file else above)

    def used(self, tree: Tree) -> int:
        """What a drive stores: every version, past ones and those in the trash too, and parts of uploads."""
        kept = sum(len(version.content) for node in tree.stored() for version in node.versions)
        return kept + sum(each.size for each in self.uploads if each.drive == tree.name)

    def _two(self, who: str, source: Place, target: Place) -> tuple[Spot, Spot]:
        unseen = {"NotFound"} if who not in self.trees[source[0]].roles else set()
        unseen |= {"ParentMissing"} if who not in self.trees[target[0]].roles else set()
        if unseen:
            raise Refused(*unseen)
        return self.at(who, source), self.at(who, target)

    def _role(self, who: str, tree: Tree, least: int) -> set[str]:
        return {"Forbidden"} if tree.roles[who] < least else set()

    def _no_room(self, tree: Tree, size: int) -> set[str]:
        return {"QuotaExceeded"} if tree.quota is not None and self.used(tree) + size > tree.quota else set()

    def _writing(self, who: str, spot: Spot, demand: Demand) -> set[str]:
        """What is against new content at a place."""
        reasons = self._role(who, spot.tree, EDITOR) | self._unmet(spot, demand)
        if spot.node is None:
            return reasons | self._new_member(who, spot, demand)
        return reasons | self._locked(who, spot.tree, [spot.keys], demand) | _no_file(spot.node)

    def _new_member(self, who: str, spot: Spot, demand: Demand) -> set[str]:
        missing = {"ParentMissing"} if spot.parent is None and spot.keys else set()
        return missing | self._locked(who, spot.tree, [spot.keys[:-1], spot.keys], demand)

    def _target(self, who: str, spot: Spot, goal: Spot, demand: Demand) -> set[str]:
        reasons = self._role(who, goal.tree, EDITOR)
        if spot.tree.folded != goal.tree.folded or not goal.keys:
            reasons.add("Forbidden")
        elif goal.parent is None:
            reasons.add("ParentMissing")
        apart = not within(spot.keys, goal.keys) and not within(goal.keys, spot.keys)
        if spot.tree is goal.tree and spot.keys != goal.keys and not apart:
            reasons.add("Forbidden")
        check = self._tree_locked if goal.node else self._new_member
        return reasons | check(who, goal, demand)

    def _live(self, drive: str) -> list[Lock]:
        return [each for each in self.locks if each.drive == drive and each.expires_ms > self.now_ms]

    def _lock(self, drive: str, token: str) -> Lock | None:
        return next((each for each in self.locks if (each.drive, each.token) == (drive, token)), None)

    def _locked(self, who: str, tree: Tree, places: list[Keys], demand: Demand) -> set[str]:
        """Each place must be free, or covered by a lock whose holder submitted its token."""
        live = self._live(tree.name)
        mine = [each for each in live if each.principal == who and each.token in demand.submitted]
        taken = [keys for keys in places if any(each.covers(keys) for each in live)]
        return set() if all(any(each.covers(keys) for each in mine) for keys in taken) else {"Locked"}

    def _tree_locked(self, who: str, spot: Spot, demand: Demand) -> set[str]:
        below = [each.keys for each in self._live(spot.tree.name) if within(each.keys, spot.keys)]
        return self._locked(who, spot.tree, [spot.keys[:-1], spot.keys, *below], demand)

    def _conflicts(self, lock: Lock) -> set[str]:
        against = (each for each in self._live(lock.drive) if each is not lock)
        return {"LockConflict"} if any(each.clashes(lock) for each in against) else set()

    def _overtaken(self, who: str, tree: Tree, lock: Lock) -> set[str]:
        """Whether somebody else changed what an expired lock had locked since it was granted or renewed."""
        node = tree.find(lock.keys)
        if node is not None and node.is_file:
            changed = node.versions[-1].author != who and node.versions[-1].step > lock.step
        else:
            others = (step for name, step, _ in tree.commits if name not in ("", who))
            changed = tree.forgotten > lock.step or any(step > lock.step for step in others)
        return {"PreconditionFailed"} if changed else set()

    def _unmet(self, spot: Spot, demand: Demand, *others: Tree) -> set[str]:
        etag = _etag(spot.node)
        met = demand.if_match is None or (spot.node is not None and demand.if_match in ("*", etag))
        clear = demand.if_none_match is None or spot.node is None or demand.if_none_match not in ("*", etag)
        stated = not demand.lists or any(
            all(self._true(each, place, spot, others) for each in conditions) for place, conditions in demand.lists
        )
        covering = {each.token for each in self._live(spot.tree.name) if each.covers(spot.keys)}
        opened = not covering or covering & demand.submitted
        return (set() if met and clear and stated else {"PreconditionFailed"}) | (
            set() if stated or opened else {"Locked"}
        )

    def _true(self, each: Condition, place: Place | None, spot: Spot, others: tuple[Tree, ...]) -> bool:
        """Whether one condition of an If header holds. Drives that the operation is not about have nothing."""
        drive, names = place or (spot.tree.name, spot.names)
        tree = next((tree for tree in (spot.tree, *others) if tree.name == drive), None)
        keys = tree.keys(names) if tree else ()
        if each.token is not None:
            found = any(lock.token == each.token and lock.covers(keys) for lock in self._live(drive) if tree)
        else:
            found = tree is not None and each.etag == _etag(tree.find(keys))
        return found != each.negated

    def time_of(self, tree: Tree) -> int:
        """The drive's own time is the wall clock's, but never goes back."""
        return max(tree.time_ms, self.wall_ms)

    def _changed(self, who: str, tree: Tree) -> None:
        tree.time_ms = self.time_of(tree)
        tree.commits.append((who, self.step, tree.time_ms))

    def _attach(self, who: str, spot: Spot, node: Node) -> None:
        assert spot.parent is not None
        self._changed(who, spot.tree)
        spot.parent.members[spot.keys[-1]] = (spot.names[-1], node)
        node.since = self.step
        for each in spot.tree.past:
            each.trash = each.trash and each.node is not node

    def _detach(self, who: str, spot: Spot, trash: bool) -> None:
        assert spot.parent is not None
        self._changed(who, spot.tree)
        names = (*(spot.tree.names_of(spot.parent) or ()), spot.parent.members[spot.keys[-1]][0])
        _, node = spot.parent.members.pop(spot.keys[-1])
        ended = (node.since, self.step, spot.tree.time_ms)
        spot.tree.past.append(Past(node, spot.parent, names, spot.keys[-1], *ended, trash))
        drive = spot.tree.name
        self.locks = [each for each in self.locks if each.drive != drive or not within(each.keys, spot.keys)]

    def _clear(self, who: str, goal: Spot) -> None:
        """Make room for what takes the place. A file that is replaced so is a version of the path, and not in the
        trash."""
        if goal.node is not None:
            self._detach(who, goal, trash=not goal.node.is_file)

    def _write(self, who: str, spot: Spot, content: bytes, drafts: bool = True) -> Version:
        """A new version. An empty one that its author replaces within a minute was half a save, and no version."""
        self._changed(who, spot.tree)
        now = spot.tree.time_ms
        if spot.node is None:
            spot.node = Node(True)
            self._attach(who, spot, spot.node)
        elif (last := spot.node.versions[-1]) and drafts and _is_draft(last, who, now):
            spot.node.versions.remove(last)
        else:
            last.until, last.ended_ms = self.step, now
        spot.node.versions.append(Version(content, who, now, self.step))
        return spot.node.versions[-1]

    def _twin(self, who: str, goal: Tree, node: Node, deep: bool) -> Node:
        """A copy, with the present version alone; `deep`: and with its members."""
        now = self.time_of(goal)
        versions = [Version(each.content, who, now, self.step, each.etag) for each in node.versions[-1:]]
        members = node.members.items() if deep else ()
        copies = {key: (name, self._twin(who, goal, member, True)) for key, (name, member) in members}
        return Node(node.is_file, copies, versions, dict(node.properties), self.step)


def _is_draft(version: Version, who: str, now_ms: int) -> bool:
    return not version.content and version.author == who and version.made_ms >= now_ms - DRAFT_MS


def _etag(node: Node | None) -> str | None:
    return node.versions[-1].etag if node is not None and node.is_file else None


def _no_file(node: Node) -> set[str]:
    return set() if node.is_file else {"NotAllowedHere"}
