"""The changes that race, as JSON has them, and the tree that they race on."""

from typing import Any

Order = tuple[str, list[Any]]
"""A method of `DriveOps` and its arguments. TOKEN and ETAG stand for what the tree's making gave."""

TOKEN, ETAG, DRIVE = "TOKEN", "ETAG", "DRIVE"
FREE: dict[str, Any] = {}
HELD = {"tokens": [TOKEN]}


def _at(*names: str) -> list[Any]:
    return [DRIVE, list(names)]


TREE: list[Order] = [
    ("mkcol", ["alice", _at("a"), FREE]),
    ("mkcol", ["alice", _at("a", "x"), FREE]),
    ("mkcol", ["alice", _at("b"), FREE]),
    ("put", ["alice", _at("a", "f"), "the file f, in two segments", FREE]),
    ("put", ["alice", _at("a", "x", "deep"), "deep", FREE]),
    ("put", ["alice", _at("b", "g"), "g", FREE]),
    ("put", ["alice", _at("l"), "locked", FREE]),
]
LOCKED: Order = ("lock", ["alice", _at("l"), True, False, 600, FREE])

CHANGES: dict[str, Order] = {
    "MOVE a into b": ("move", ["alice", _at("a"), _at("b", "a"), True, FREE]),
    "MOVE b into a": ("move", ["bob", _at("b"), _at("a", "b"), True, FREE]),
    "MOVE a/x to c": ("move", ["bob", _at("a", "x"), _at("c"), True, FREE]),
    "MOVE a/f over l": ("move", ["bob", _at("a", "f"), _at("l"), True, FREE]),
    "PUT a/f of an ETag": ("put", ["bob", _at("a", "f"), "bob's f", {"if_match": ETAG}]),
    "PUT a/f of the same ETag": ("put", ["alice", _at("a", "f"), "alice's", {"if_match": ETAG}]),
    "PUT new if nothing is there": ("put", ["bob", _at("a", "new"), "bob's new", {"if_none_match": "*"}]),
    "PUT new likewise": ("put", ["alice", _at("a", "new"), "alice's", {"if_none_match": "*"}]),
    "PUT l without the token": ("put", ["bob", _at("l"), "bob's l", FREE]),
    "PUT that fills the quota": ("put", ["alice", _at("b", "big"), "0123456789" * 15, FREE]),
    "PUT that fills it too": ("put", ["bob", _at("a", "x", "big"), "0123456789" * 15, FREE]),
    "PUT over a/x/deep": ("put", ["bob", _at("a", "x", "deep"), "deeper", FREE]),
    "MKCOL a/new": ("mkcol", ["bob", _at("a", "new"), FREE]),
    "DELETE a": ("delete", ["bob", _at("a"), FREE]),
    "DELETE l with the token": ("delete", ["alice", _at("l"), HELD]),
    "COPY a to b/copy": ("copy", ["bob", _at("a"), _at("b", "copy"), True, True, FREE]),
    "COPY a over b": ("copy", ["alice", _at("a"), _at("b"), True, True, FREE]),
    "LOCK a, infinity": ("lock", ["alice", _at("a"), True, True, 600, FREE]),
    "LOCK a/f": ("lock", ["bob", _at("a", "f"), True, False, 600, FREE]),
    "LOCK a/f, shared": ("lock", ["alice", _at("a", "f"), False, False, 600, FREE]),
    "LOCK of nothing": ("lock", ["alice", _at("a", "new"), True, False, 600, FREE]),
    "UNLOCK l": ("unlock", ["alice", _at("l"), TOKEN]),
    "refresh l": ("refresh", ["alice", _at("l"), TOKEN, 600]),
    "PROPPATCH a/f": ("proppatch", ["bob", _at("a", "f"), {"p": "<v/>"}, FREE]),
}


def fill_in(order: Order, drive: str, token: str, etag: str) -> Order:
    """The order for one race."""
    known = {TOKEN: token, ETAG: etag, DRIVE: drive}

    def fill(each: Any) -> Any:
        if isinstance(each, dict):
            return {name: fill(value) for name, value in each.items()}
        if isinstance(each, list):
            return [fill(value) for value in each]
        return known.get(each, each) if isinstance(each, str) else each

    return order[0], fill(order[1])
