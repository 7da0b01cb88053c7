"""What the model is made of: trees of nodes in dictionaries, versions, locks, demands."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Demand:
    """Preconditions: entity tags (`*` for any), submitted lock tokens, and whether one of them must cover the path."""

    if_match: str | None = None
    if_none_match: str | None = None
    tokens: frozenset[str] = frozenset()
    strict: bool = False


@dataclass(eq=False)
class Version:
    """A content that a file had, since which step. `etag` is what the real drive called it."""

    content: bytes
    author: str
    made_ms: int
    step: int
    etag: str = ""


@dataclass(eq=False)
class Node:
    """A file with its versions, the last of them current, or a collection with members by key. `number` is the real
    drive's name for it."""

    is_file: bool
    members: dict[str, tuple[str, "Node"]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def etag(self) -> str | None:
        return self.versions[-1].etag if self.is_file else None

    def tree(self) -> Iterator["Node"]:
        yield self
        for _, member in self.members.values():
            yield from member.tree()


@dataclass(eq=False)
class Lock:
    token: str
    drive: str
    keys: Keys
    exclusive: bool
    infinite: bool
    principal: str
    expires_ms: int
    step: int

    def covers(self, keys: Keys) -> bool:
        return keys == self.keys or (self.infinite and keys[: len(self.keys)] == self.keys)


@dataclass(eq=False)
class Trashed:
    """Something that lost its name: what it was called, in which collection, and the path that this was then."""

    node: Node
    parent: Node
    name: str
    names: Keys


@dataclass(eq=False)
class Tree:
    """One drive. `folded`: names are the same whatever their case."""

    name: str
    roles: dict[str, int]
    folded: bool = False
    quota: int | None = None
    used: int = 0
    root: Node = field(default_factory=lambda: Node(False))
    changes: list[tuple[str, int]] = field(default_factory=list)
    trash: list[Trashed] = field(default_factory=list)

    def keys(self, names: Keys) -> Keys:
        return tuple(self._key(name) for name in names)

    def _key(self, name: str) -> str:
        plain = unicodedata.normalize("NFC", name)
        return unicodedata.normalize("NFC", plain.casefold()) if self.folded else plain

    def find(self, keys: Keys) -> Node | None:
        node: Node | None = self.root
        for key in keys:
            node = node.members[key][1] if node is not None and key in node.members else None
        return node

    def names_of(self, node: Node) -> Keys | None:
        """The path of a node, or None when no path leads to it."""
        return next((names for names, each in self.walk() if each is node), None)

    def walk(self) -> Iterator[tuple[Keys, Node]]:
        """Every node with its path, the root first."""
        waiting: list[tuple[Keys, Node]] = [((), self.root)]
        while waiting:
            names, node = waiting.pop()
            yield names, node
            waiting += [((*names, name), member) for name, member in node.members.values()]

    def parent(self, keys: Keys) -> Node | None:
        found = self.find(keys[:-1]) if keys else None
        return None if found is None or found.is_file else found


def within(keys: Keys, root: Keys) -> bool:
    """Whether `keys` is `root` or below it."""
    return keys[: len(root)] == root


def clash(one: Lock, other: Lock) -> bool:
    """Whether two locks cannot both be (RFC 4918 §6.2)."""
    same = one.drive == other.drive and (one.covers(other.keys) or other.covers(one.keys))
    return same and (one.exclusive or other.exclusive)


def size_of(node: Node) -> int:
    """The bytes of the current versions of a tree."""
    return sum(len(each.versions[-1].content) for each in node.tree() if each.is_file)
