"""A drive in plain dictionaries: what `davdrive.drive` promises, without rows, transactions or a real clock.

Every operation either does all of it, or raises `Refused` with the kinds of error that would be right: where several
things are wrong at once, any of them may be told.
"""

from dataclasses import dataclass, field

from tests.model.shapes import Demand, Keys, Lock, Node, Trashed, Tree, Version, clash, size_of, within

VIEWER, EDITOR, OWNER = 1, 2, 3
RENEWABLE_MS = 3_600_000
DRAFT_MS = 60_000


class Refused(Exception):
    """The operation must not happen; `reasons` are names of DriveError kinds."""

    def __init__(self, reasons: set[str]) -> None:
        super().__init__(", ".join(sorted(reasons)))
        self.reasons = reasons


@dataclass(eq=False)
class Reference:
    """Every drive, every lock, and the time."""

    trees: dict[str, Tree]
    now_ms: int = 0
    step: int = 0
    locks: list[Lock] = field(default_factory=list)

    def put(self, who: str, drive: str, names: Keys, content: bytes, demand: Demand) -> Version:
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand)
        if node is not None and not node.is_file:
            reasons.add("NotAllowedHere")
        if node is None and tree.parent(keys) is None:
            reasons.add("ParentMissing")
        reasons |= self._locked(who, tree, [keys] if node else [keys[:-1], keys], demand)
        reasons |= self._no_room(tree, len(content))
        _refuse(reasons)
        version = Version(content, who, self.now_ms, self.step)
        self._set_content(tree, keys, names, version)
        self._changed(who, tree)
        return version

    def _set_content(self, tree: Tree, keys: Keys, names: Keys, version: Version) -> None:
        node, tree.used = tree.find(keys), tree.used + len(version.content)
        if node is None:
            node = Node(True)
            self._attach(tree, keys, names, node)
        elif self._is_draft(node.versions[-1], version.author):
            node.versions.pop()
        node.versions.append(version)

    def _is_draft(self, version: Version, who: str) -> bool:
        return not version.content and version.author == who and version.made_ms >= self.now_ms - DRAFT_MS

    def mkcol(self, who: str, drive: str, names: Keys, demand: Demand) -> None:
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand)
        if node is not None:
            reasons.add("AlreadyExists")
        elif tree.parent(keys) is None:
            reasons.add("ParentMissing")
        _refuse(reasons | self._locked(who, tree, [keys[:-1], keys], demand))
        self._attach(tree, keys, names, Node(False))
        self._changed(who, tree)

    def delete(self, who: str, drive: str, names: Keys, demand: Demand) -> None:
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand)
        if node is None:
            reasons.add("NotFound")
        if not keys:
            reasons.add("Forbidden")
        _refuse(reasons | self._tree_locked(who, tree, keys, demand))
        self._detach(tree, keys)
        self._changed(who, tree)

    def copy(
        self, who: str, source: tuple[str, Keys], target: tuple[str, Keys], overwrite: bool, deep: bool, demand: Demand
    ) -> bool:
        """Whether the target was free."""
        tree, keys, node, goal, goal_keys, there = self._two_places(who, source, target)
        reasons = self._unmet(tree, keys, demand) | self._target(who, tree, keys, goal, goal_keys, demand)
        if node is None:
            raise Refused(reasons | {"NotFound"})
        if there is not None and not overwrite:
            reasons.add("PreconditionFailed")
        if tree is goal and keys == goal_keys:
            reasons.add("Forbidden")
        size = size_of(node) if deep or node.is_file else 0
        _refuse(reasons | self._no_room(goal, size))
        if there is not None:
            self._detach(goal, goal_keys, replaced=True)
        self._attach(goal, goal_keys, target[1], self._twin(who, node, deep))
        self._changed(who, tree, goal)
        goal.used += size
        return there is None

    def _twin(self, who: str, node: Node, deep: bool) -> Node:
        now = [Version(each.content, who, self.now_ms, self.step, each.etag) for each in node.versions[-1:]]
        members = node.members if deep else {}
        copies = {key: (name, self._twin(who, member, True)) for key, (name, member) in members.items()}
        return Node(node.is_file, copies, now, dict(node.properties))

    def move(
        self, who: str, source: tuple[str, Keys], target: tuple[str, Keys], overwrite: bool, demand: Demand
    ) -> bool:
        """Whether the target was free."""
        tree, keys, node, goal, goal_keys, there = self._two_places(who, source, target)
        reasons = self._writing(who, tree, keys, demand) | self._target(who, tree, keys, goal, goal_keys, demand)
        reasons |= self._tree_locked(who, tree, keys, demand)
        if node is None or not keys:
            raise Refused(reasons | ({"NotFound"} if node is None else {"Forbidden"}))
        if tree is goal and keys == goal_keys and source[1][-1:] == target[1][-1:]:
            reasons.add("Forbidden")
        if there is node:
            there = None
        if there is not None and not overwrite:
            reasons.add("PreconditionFailed")
        size = size_of(node) if tree is not goal else 0
        _refuse(reasons | self._no_room(goal, size))
        if there is not None:
            self._detach(goal, goal_keys, replaced=True)
        self._detach(tree, keys, replaced=tree is goal)
        self._attach(goal, goal_keys, target[1], node if tree is goal else self._twin(who, node, True))
        if tree is goal:
            tree.trash = [each for each in tree.trash if each.node is not node]
        self._changed(who, tree, goal)
        goal.used += size
        return there is None

    def lock(
        self, who: str, drive: str, names: Keys, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand
    ) -> Lock:
        """The lock, still without a token."""
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand)
        if node is None:
            reasons |= {"ParentMissing"} if tree.parent(keys) is None else set()
            reasons |= self._locked(who, tree, [keys[:-1], keys], demand)
        lock = Lock("", drive, keys, exclusive, infinite, who, self.now_ms + timeout_s * 1000, self.step)
        reasons |= self._conflicts(lock)
        _refuse(reasons)
        forgotten = self.now_ms - RENEWABLE_MS
        self.locks = [each for each in self.locks if each.drive != drive or each.expires_ms >= forgotten]
        self.locks = [each for each in self.locks if each.expires_ms > self.now_ms or not clash(each, lock)]
        self.locks.append(lock)
        if node is None:
            self._set_content(tree, keys, names, Version(b"", who, self.now_ms, self.step))
        return lock

    def _conflicts(self, lock: Lock) -> set[str]:
        against = [each for each in self._live(lock.drive) if each is not lock and clash(each, lock)]
        return {"LockConflict"} if against else set()

    def refresh(self, who: str, drive: str, names: Keys, token: str, timeout_s: int) -> None:
        tree, keys, node = self._place(who, drive, names)
        lock = next((each for each in self.locks if (each.token, each.drive) == (token, drive)), None)
        reasons = self._role(who, tree, EDITOR)
        if node is None:
            reasons.add("NotFound")
        if lock is None or not lock.covers(keys):
            raise Refused(reasons | {"PreconditionFailed"})
        if lock.principal != who:
            reasons.add("Forbidden")
        if lock.expires_ms <= self.now_ms:
            reasons |= self._conflicts(lock) | self._overtaken(who, tree, lock)
        _refuse(reasons)
        lock.expires_ms, lock.step = self.now_ms + timeout_s * 1000, self.step

    def _overtaken(self, who: str, tree: Tree, lock: Lock) -> set[str]:
        """Whether somebody else changed what an expired lock had locked since it was granted or renewed."""
        node = tree.find(lock.keys)
        if node is not None and node.is_file:
            since = [(node.versions[-1].author, node.versions[-1].step)]
        else:
            since = tree.changes
        changed = any(name != who and step > lock.step for name, step in since)
        return {"PreconditionFailed"} if changed else set()

    def unlock(self, who: str, drive: str, names: Keys, token: str) -> None:
        tree, keys, _ = self._place(who, drive, names)
        lock = next((each for each in self.locks if (each.token, each.drive) == (token, drive)), None)
        reasons = self._role(who, tree, EDITOR)
        if lock is None or not lock.covers(keys):
            raise Refused(reasons | {"LockTokenMismatch"})
        if lock.principal != who:
            reasons |= self._role(who, tree, OWNER)
        _refuse(reasons)
        self.locks.remove(lock)

    def proppatch(self, who: str, drive: str, names: Keys, changes: dict[str, str | None], demand: Demand) -> None:
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand) | self._locked(who, tree, [keys], demand)
        if node is None:
            raise Refused(reasons | {"NotFound"})
        _refuse(reasons)
        kept = node.properties | {name: value for name, value in changes.items() if value is not None}
        node.properties = {name: value for name, value in kept.items() if changes.get(name, "") is not None}
        self._changed(who, tree)

    def restore(self, who: str, drive: str, item: Trashed, names: Keys | None) -> Keys:
        """Where it is; `names` None: where it was."""
        tree = self.trees[drive]
        if names is None:
            above = tree.names_of(item.parent)
            if above is None:
                raise Refused({"ParentMissing", *self._role(who, tree, EDITOR)})
            names = (*above, item.name)
        tree, keys, there = self._place(who, drive, names)
        reasons = self._role(who, tree, EDITOR) | self._locked(who, tree, [keys[:-1], keys], Demand())
        if there is not None:
            reasons.add("AlreadyExists")
        elif tree.parent(keys) is None:
            reasons.add("ParentMissing")
        _refuse(reasons)
        tree.trash.remove(item)
        self._attach(tree, keys, names, item.node)
        self._changed(who, tree)
        return names

    def restore_version(self, who: str, drive: str, names: Keys, old: Version, demand: Demand) -> Version:
        tree, keys, node = self._place(who, drive, names)
        reasons = self._writing(who, tree, keys, demand) | self._locked(who, tree, [keys], demand)
        _refuse(reasons | self._no_room(tree, len(old.content)))
        assert node is not None
        version = Version(old.content, who, self.now_ms, self.step)
        node.versions.append(version)
        tree.used += len(old.content)
        self._changed(who, tree)
        return version

    def _changed(self, who: str, *trees: Tree) -> None:
        for tree in trees:
            tree.changes.append((who, self.step))

    def _two_places(
        self, who: str, source: tuple[str, Keys], target: tuple[str, Keys]
    ) -> tuple[Tree, Keys, Node | None, Tree, Keys, Node | None]:
        unseen = {"NotFound"} if who not in self.trees[source[0]].roles else set()
        _refuse(unseen | ({"ParentMissing"} if who not in self.trees[target[0]].roles else set()))
        return *self._place(who, *source), *self._place(who, *target)

    def _place(self, who: str, drive: str, names: Keys) -> tuple[Tree, Keys, Node | None]:
        tree = self.trees[drive]
        if who not in tree.roles:
            raise Refused({"NotFound"})
        keys = tree.keys(names)
        return tree, keys, tree.find(keys)

    def _role(self, who: str, tree: Tree, least: int) -> set[str]:
        return {"Forbidden"} if tree.roles[who] < least else set()

    def _writing(self, who: str, tree: Tree, keys: Keys, demand: Demand) -> set[str]:
        return self._role(who, tree, EDITOR) | self._unmet(tree, keys, demand)

    def _unmet(self, tree: Tree, keys: Keys, demand: Demand) -> set[str]:
        node = tree.find(keys)
        etag = None if node is None else node.etag
        met = demand.if_match is None or (node is not None and demand.if_match in ("*", etag))
        clear = demand.if_none_match is None or node is None or demand.if_none_match not in ("*", etag)
        covering = {each.token for each in self._live(tree.name) if each.covers(keys)}
        stated = not demand.strict or bool(covering & demand.tokens)
        if met and clear and stated:
            return set()
        return {"PreconditionFailed"} | ({"Locked"} if covering and not stated else set())

    def _target(self, who: str, tree: Tree, keys: Keys, goal: Tree, goal_keys: Keys, demand: Demand) -> set[str]:
        reasons = self._role(who, goal, EDITOR)
        if tree.folded != goal.folded or not goal_keys:
            reasons.add("Forbidden")
        elif goal.parent(goal_keys) is None:
            reasons.add("ParentMissing")
        if tree is goal and keys != goal_keys and (within(keys, goal_keys) or within(goal_keys, keys)):
            reasons.add("Forbidden")
        return reasons | self._tree_locked(who, goal, goal_keys, demand)

    def _tree_locked(self, who: str, tree: Tree, keys: Keys, demand: Demand) -> set[str]:
        below = [each.keys for each in self._live(tree.name) if within(each.keys, keys)]
        return self._locked(who, tree, [keys[:-1], keys, *below], demand)

    def _locked(self, who: str, tree: Tree, places: list[Keys], demand: Demand) -> set[str]:
        for keys in places:
            covering = [each for each in self._live(tree.name) if each.covers(keys)]
            if covering and not any(each.token in demand.tokens and each.principal == who for each in covering):
                return {"Locked"}
        return set()

    def _live(self, drive: str) -> list[Lock]:
        return [each for each in self.locks if each.drive == drive and each.expires_ms > self.now_ms]

    def _no_room(self, tree: Tree, size: int) -> set[str]:
        return {"QuotaExceeded"} if tree.quota is not None and tree.used + size > tree.quota else set()

    def _attach(self, tree: Tree, keys: Keys, names: Keys, node: Node) -> None:
        parent = tree.parent(keys)
        assert parent is not None
        parent.members[keys[-1]] = (names[-1], node)

    def _detach(self, tree: Tree, keys: Keys, replaced: bool = False) -> None:
        parent = tree.parent(keys)
        assert parent is not None
        above = tree.names_of(parent)
        name, node = parent.members.pop(keys[-1])
        if not (replaced and node.is_file):
            tree.trash.append(Trashed(node, parent, name, (*(above or ()), name)))
        self.locks = [each for each in self.locks if each.drive != tree.name or not within(each.keys, keys)]


def _refuse(reasons: set[str]) -> None:
    if reasons:
        raise Refused(reasons)
