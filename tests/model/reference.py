"""A drive in plain dictionaries: what `davdrive.drive` promises, without rows, transactions or a real clock.

Every operation either does all of it, or raises `Refused` with the kinds of error that would be right: where several
things are wrong at once, any of them may be told.
"""

from tests.model.shapes import ALWAYS, Demand, Keys, Lock, Look, Node, Past, Place, Tree, Version, size_of
from tests.model.state import EDITOR, OWNER, VIEWER, Refused, Spot, role, when
from tests.model.uploading import Uploading

__all__ = ["EDITOR", "OWNER", "VIEWER", "Reference", "Refused"]
RENEWABLE_MS, DAY_MS = 3_600_000, 86_400_000


class Reference(Uploading):
    """Every drive with every operation: files and collections, locks, the past; and uploads."""

    def put(self, who: str, place: Place, content: bytes, demand: Demand) -> Version:
        spot = self.at(who, place, demand)
        self._refuse(self._writing(spot), self._no_room(spot.tree, len(content)))
        return self._write(spot, content)

    def patch(self, who: str, place: Place, offset: int, content: bytes, demand: Demand) -> Version:
        old = self._content(self.at(who, place))
        if offset > len(old):
            raise Refused("RangeNotSatisfiable", *self._writing(self.at(who, place, demand)))
        return self.put(who, place, old[:offset] + content + old[offset + len(content) :], demand)

    def mkcol(self, who: str, place: Place, demand: Demand) -> None:
        spot = self.at(who, place, demand)
        self._refuse(self._changing(spot), self._new_member(spot), when(spot.node, "AlreadyExists"))
        self._attach(spot, Node(False))

    def delete(self, who: str, place: Place, demand: Demand) -> None:
        spot = self.at(who, place, demand)
        nothing, root = when(spot.node is None, "NotFound"), when(not spot.keys, "Forbidden")
        self._refuse(self._changing(spot), self._tree_locked(spot), nothing, root)
        self._detach(spot, trash=True)

    def copy(self, who: str, source: Place, target: Place, overwrite: bool, deep: bool, demand: Demand) -> bool:
        """Whether the target was free."""
        spot, goal = self._two(who, source, target, demand)
        reasons = self._unmet(spot, goal.tree) | self._target(spot, goal)
        if spot.node is None:
            raise Refused("NotFound", *reasons)
        reasons |= when(spot.tree is goal.tree and spot.keys == goal.keys, "Forbidden")
        reasons |= when(goal.node and not overwrite, "PreconditionFailed")
        copied = deep or spot.node.is_file
        self._refuse(reasons, self._no_room(goal.tree, size_of(spot.node)) if copied else set())
        self._clear(goal)
        self._changed(who, spot.tree)
        self._attach(goal, self._twin(goal, spot.node, deep))
        return goal.node is None

    def move(self, who: str, source: Place, target: Place, overwrite: bool, demand: Demand) -> bool:
        """Whether the target was free; another spelling of the source's own name is."""
        spot, goal = self._two(who, source, target, demand)
        inside = spot.tree is goal.tree
        reasons = self._changing(spot, goal.tree) | self._target(spot, goal) | self._tree_locked(spot)
        if spot.node is None or not spot.keys:
            raise Refused("Forbidden" if spot.node else "NotFound", *reasons)
        reasons |= when(inside and spot.keys == goal.keys and spot.names[-1] == goal.names[-1], "Forbidden")
        goal.node = None if goal.node is spot.node else goal.node
        reasons |= when(goal.node and not overwrite, "PreconditionFailed")
        self._refuse(reasons, set() if inside else self._no_room(goal.tree, size_of(spot.node)))
        arrived = spot.node if inside else self._twin(goal, spot.node, True)
        self._clear(goal)
        self._detach(spot, trash=not inside)
        self._attach(goal, arrived)
        return goal.node is None

    def read(self, who: str, place: Place, start: int, stop: int) -> bytes:
        return self._content(self.at(who, place))[start:stop]

    def _content(self, spot: Spot) -> bytes:
        if spot.node is None or not spot.node.is_file:
            raise Refused("NotFound" if spot.node is None else "NotAllowedHere")
        return spot.node.content

    def look(self, who: str, place: Place) -> dict[str, Look]:
        """What a place shows of itself (under the name "") and of its members."""
        spot = self.at(who, place)
        if spot.node is None:
            raise Refused("NotFound")
        shown = {"": self._look(spot.tree, spot.keys, spot.node)}
        return shown | {
            name: self._look(spot.tree, (*spot.keys, key), each) for key, (name, each) in spot.node.members.items()
        }

    def _look(self, tree: Tree, keys: Keys, node: Node) -> Look:
        locks = {each.shown for each in self._live(tree.name) if each.covers(keys)}
        size = len(node.content) if node.is_file else None
        return node.etag, size, frozenset(node.properties.items()), frozenset(locks)

    def proppatch(self, who: str, place: Place, changes: dict[str, str | None], demand: Demand) -> None:
        spot = self.at(who, place, demand)
        reasons = self._changing(spot) | self._locked(spot, spot.keys)
        if spot.node is None:
            raise Refused("NotFound", *reasons)
        self._refuse(reasons)
        kept = {**spot.node.properties, **changes}
        spot.node.properties = {name: value for name, value in kept.items() if value is not None}
        self._changed(who, spot.tree)

    def lock(self, who: str, place: Place, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand) -> Lock:
        """The lock, still without a token."""
        spot = self.at(who, place, demand)
        lock = Lock("", place[0], spot.keys, exclusive, infinite, who, self.now_ms + timeout_s * 1000, self.step)
        self._refuse(self._changing(spot), self._conflicts(lock), set() if spot.node else self._new_member(spot))
        forgotten = self.now_ms - RENEWABLE_MS
        self.locks = [each for each in self.locks if each.drive != place[0] or each.expires_ms >= forgotten]
        self.locks = [each for each in self.locks if each.expires_ms > self.now_ms or not each.clashes(lock)]
        self.locks.append(lock)
        self._changed("", spot.tree)
        if spot.node is None:
            self._write(spot, b"")
        return lock

    def refresh(self, who: str, place: Place, token: str, timeout_s: int) -> None:
        spot, lock = self.at(who, place), self._lock(place[0], token)
        reasons = role(spot) | when(spot.node is None, "NotFound")
        if lock is None or not lock.covers(spot.keys):
            raise Refused("PreconditionFailed", *reasons)
        if lock.expires_ms <= self.now_ms:
            reasons |= self._conflicts(lock) | self._overtaken(who, spot.tree, lock)
        self._refuse(reasons, when(lock.principal != who, "Forbidden"))
        lock.expires_ms, lock.step = self.now_ms + timeout_s * 1000, self.step
        self._changed("", spot.tree)

    def unlock(self, who: str, place: Place, token: str) -> None:
        spot, lock = self.at(who, place), self._lock(place[0], token)
        if lock is None or not lock.covers(spot.keys):
            raise Refused("LockTokenMismatch", *role(spot))
        self._refuse(role(spot, EDITOR if lock.principal == who else OWNER))
        self.locks.remove(lock)
        self._changed("", spot.tree)

    def trash(self, who: str, drive: str) -> list[Keys]:
        """The paths of what is in the trash, in order."""
        return sorted(each.names for each in self.at(who, (drive, ())).tree.trash())

    def restore(self, who: str, drive: str, item: Past, names: Keys | None) -> Keys:
        """Where it is; `names` None: where it was."""
        root = self.at(who, (drive, ()))
        above = root.tree.names_of(item.parent)
        if names is None and above is None:
            raise Refused("ParentMissing", *role(root))
        names = (*(above or ()), item.names[-1]) if names is None else names
        spot = self.at(who, (drive, names))
        self._refuse(role(spot), self._new_member(spot), when(spot.node, "AlreadyExists"))
        self._attach(spot, item.node)
        return names

    def versions(self, who: str, place: Place) -> list[Version]:
        """What the path held, the oldest first: the last file there with its past, and what others were before it."""
        spot = self.at(who, place)
        had = [each for each in spot.tree.past if (each.parent, each.key) == (spot.parent, *spot.keys[-1:])]
        held = [(each.until, each.since, each.node) for each in had]
        held += [(ALWAYS, spot.node.since, spot.node)] if spot.node and spot.keys else []
        latest = max(held, key=lambda each: each[0])[2] if held else None
        found = {
            version
            for until, since, node in held
            for version in node.versions
            if version.step < until and (node is latest or version.until > since)
        }
        if not found:
            raise Refused("NotFound")
        return sorted(found, key=lambda each: each.step)

    def restore_version(self, who: str, place: Place, old: Version | None, demand: Demand) -> Version:
        spot = self.at(who, place, demand)
        if old is None:
            raise Refused("NotFound", *self._writing(spot))
        self._refuse(self._writing(spot), self._no_room(spot.tree, len(old.content)))
        return self._write(spot, old.content, drafts=False)

    def upkeep(self, shortest_s: int, usual_s: int) -> None:
        """Forget what is older than each drive's retention, uploads that nobody goes on with, and old locks."""
        for tree in self.trees.values():
            kept_s = max(shortest_s, usual_s if tree.retention_s is None else tree.retention_s)
            self.purge(tree, self.time_of(tree) - kept_s * 1000, True)
        self.locks = [each for each in self.locks if each.expires_ms >= self.now_ms - DAY_MS]
        self.expire()

    def purge(self, tree: Tree, before_ms: int, versions: bool) -> None:
        """Forget what ended before a time, and which commits were before the last one then."""
        tree.past = [each for each in tree.past if each.ended_ms >= before_ms]
        old = sorted({step for _, step, time_ms in tree.commits if time_ms < before_ms})
        tree.forgotten = max([tree.forgotten, *old[:-1]])
        for node in tree.stored() if versions else ():
            node.versions = [each for each in node.versions if each.ended_ms >= before_ms]
