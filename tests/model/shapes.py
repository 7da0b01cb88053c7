"""What the model is made of: trees of nodes in dictionaries, their past, locks, demands."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

Keys = tuple[str, ...]
Place = tuple[str, Keys]
"""A drive and names below its root."""

ALWAYS = 1 << 62

Look = tuple[str | None, int | None, frozenset[tuple[str, str]], frozenset[tuple[bool, bool, Keys]]]
"""What is shown of a resource: ETag and size of a file, dead properties, and the locks that cover it: whether each is
exclusive, whether of infinite depth, and where."""


@dataclass(frozen=True)
class Condition:
    """Of an If header: a lock token or an entity tag, perhaps negated."""

    token: str | None = None
    etag: str | None = None
    negated: bool = False


@dataclass(frozen=True)
class Demand:
    """Preconditions: entity tags (`*` for any), `tokens` that are submitted without demanding anything, or else `lists`
    of an If header: for which place (None: the request's own) which conditions hold."""

    if_match: str | None = None
    if_none_match: str | None = None
    tokens: frozenset[str] = frozenset()
    lists: tuple[tuple[Place | None, tuple[Condition, ...]], ...] = ()

    @property
    def submitted(self) -> frozenset[str]:
        listed = {each.token for _, conditions in self.lists for each in conditions}
        return self.tokens | {token for token in listed if token is not None}


@dataclass(eq=False)
class Version:
    """A content that a file had from one step until another. `etag` is what the real drive called it."""

    content: bytes
    author: str
    made_ms: int
    step: int
    etag: str = ""
    until: int = ALWAYS
    ended_ms: int = ALWAYS


@dataclass(eq=False)
class Node:
    """A file with its versions, the last of them current, or a collection with members by key; `since`: the step at
    which it got its name. `number` is the real drive's name for it."""

    is_file: bool
    members: dict[str, tuple[str, "Node"]] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    since: int = 0
    number: int = 0

    @property
    def content(self) -> bytes:
        return self.versions[-1].content

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

    @property
    def shown(self) -> tuple[bool, bool, Keys]:
        return self.exclusive, self.infinite, self.keys

    def covers(self, keys: Keys) -> bool:
        return keys == self.keys or (self.infinite and within(keys, self.keys))

    def clashes(self, other: "Lock") -> bool:
        """Whether two locks cannot both be (RFC 4918 §6.2)."""
        meet = self.drive == other.drive and (self.covers(other.keys) or other.covers(self.keys))
        return meet and (self.exclusive or other.exclusive)


@dataclass(eq=False)
class Past:
    """A name that a node had: which, in which collection, the path that this was, and when. `trash`: it was deleted,
    and not moved away or replaced by a file of that name."""

    node: Node
    parent: Node
    names: Keys
    key: str
    since: int
    until: int
    ended_ms: int
    trash: bool


@dataclass(eq=False)
class Tree:
    """One drive. `folded`: names are the same whatever their case. `commits`: who changed something ("" where nothing
    changed but locks), at which step, when; up to the step `forgotten` nobody knows."""

    name: str
    roles: dict[str, int]
    folded: bool = False
    quota: int | None = None
    retention_s: int | None = None
    root: Node = field(default_factory=lambda: Node(False))
    past: list[Past] = field(default_factory=list)
    commits: list[tuple[str, int, int]] = field(default_factory=list)
    forgotten: int = 0
    time_ms: int = 0

    def keys(self, names: Keys) -> Keys:
        plain = (unicodedata.normalize("NFC", name) for name in names)
        return tuple(unicodedata.normalize("NFC", name.casefold()) if self.folded else name for name in plain)

    def find(self, keys: Keys) -> Node | None:
        node: Node | None = self.root
        for key in keys:
            node = node.members[key][1] if node is not None and key in node.members else None
        return node

    def names_of(self, node: Node) -> Keys | None:
        """The path of a live node."""
        return next((names for names, each in self.walk() if each is node), None)

    def walk(self) -> Iterator[tuple[Keys, Node]]:
        """Every live node with its path, the root first."""
        waiting: list[tuple[Keys, Node]] = [((), self.root)]
        for names, node in waiting:
            yield names, node
            waiting += [((*names, name), member) for name, member in node.members.values()]

    def stored(self) -> set[Node]:
        """Every node of which something is kept."""
        return {node for top in (self.root, *(each.node for each in self.past)) for node in top.tree()}

    def trash(self) -> list[Past]:
        return [each for each in self.past if each.trash]


def within(keys: Keys, root: Keys) -> bool:
    """Whether `keys` is `root` or below it."""
    return keys[: len(root)] == root


def size_of(node: Node) -> int:
    """The bytes of the current versions of a tree."""
    return sum(len(each.content) for each in node.tree() if each.is_file)
