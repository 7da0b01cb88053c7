"""The changes that race, as JSON has them, and what each of them needs to be there before."""

from dataclasses import dataclass
from typing import Any

Order = tuple[str, list[Any]]
"""A method of `RaceOps` and its arguments. Words in capitals stand for what is different in every race."""

DRIVE, OTHER, CAROL, MADE = "DRIVE", "OTHER", "CAROL", "MADE"
TOKEN, EXPIRED, ETAG, UPLOAD = "TOKEN", "EXPIRED", "ETAG", "UPLOAD"
TRASHED, FIRST = "TRASHED", "FIRST"
FREE: dict[str, Any] = {}
HELD = {"tokens": [TOKEN]}
EDITOR, VIEWER = 2, 1
QUOTA = 250
BIG = "0123456789" * 15


def _at(*names: str) -> list[Any]:
    return [DRIVE, list(names)]


def _there(*names: str) -> list[Any]:
    return [OTHER, list(names)]


PIECES: dict[str, list[tuple[str, list[Any], str]]] = {
    "a": [
        ("mkcol", ["alice", _at("a"), FREE], ""),
        ("put", ["alice", _at("a", "f"), "the file f, in two segments", FREE], ETAG),
    ],
    "x": [
        ("mkcol", ["alice", _at("a", "x"), FREE], ""),
        ("put", ["alice", _at("a", "x", "deep"), "deep", FREE], ""),
    ],
    "b": [("mkcol", ["alice", _at("b"), FREE], ""), ("put", ["alice", _at("b", "g"), "g", FREE], "")],
    "old": [
        ("put", ["alice", _at("v"), "the first of three versions", FREE], ""),
        ("put", ["alice", _at("v"), "the second", FREE], ""),
        ("first_version", ["alice", _at("v")], FIRST),
    ],
    "trash": [
        ("put", ["alice", _at("t"), "thrown away, in segments", FREE], ""),
        ("delete", ["alice", _at("t"), FREE], ""),
        ("age", [DRIVE], ""),
        ("in_trash", ["alice", DRIVE], TRASHED),
    ],
    "l": [
        ("put", ["alice", _at("l"), "locked", FREE], ""),
        ("lock", ["alice", _at("l"), True, False, 600, FREE], TOKEN),
    ],
    "m": [
        ("put", ["alice", _at("m"), "was locked", FREE], ""),
        ("lock", ["alice", _at("m"), True, False, 600, FREE], EXPIRED),
        ("expire_lock", [EXPIRED], ""),
    ],
    "upload": [
        ("begin", ["alice", DRIVE, _at("a", "new")], UPLOAD),
        ("add_part", ["alice", UPLOAD, 1, "the first part of two"], ""),
        ("let_idle", [UPLOAD], ""),
    ],
    "carol": [("make_user", [CAROL], ""), ("grant", [DRIVE, CAROL, EDITOR], "")],
    "made": [],
    "other": [
        ("put", ["alice", _there("o"), "the file o, elsewhere", FREE], ""),
        ("mkcol", ["alice", _there("c"), FREE], ""),
    ],
}
"""What the tree is made of, in this order, each with the word for what it gives."""


@dataclass(frozen=True)
class Kind:
    """A change, and the pieces of the tree that it needs. Two that share a piece overlap."""

    order: Order
    needs: frozenset[str]


def _change(needs: str, method: str, *arguments: Any) -> Kind:
    return Kind((method, list(arguments)), frozenset(needs.split()))


CHANGES: dict[str, Kind] = {
    "MOVE a into b": _change("a x b", "move", "alice", _at("a"), _at("b", "a"), True, FREE),
    "MOVE b into a": _change("a x b", "move", "bob", _at("b"), _at("a", "b"), True, FREE),
    "MOVE a/x to c": _change("a x", "move", "bob", _at("a", "x"), _at("c"), True, FREE),
    "MOVE a/f over l": _change("a l", "move", "bob", _at("a", "f"), _at("l"), True, FREE),
    "MOVE a to the other drive": _change("a x other", "move", "alice", _at("a"), _there("c", "a"), True, FREE),
    "MOVE o from the other drive": _change("a other", "move", "bob", _there("o"), _at("a", "o"), True, FREE),
    "COPY a to the other drive": _change("a other", "copy", "bob", _at("a"), _there("c"), True, True, FREE),
    "COPY o from the other drive": _change("b other", "copy", "alice", _there("o"), _at("b", "o"), True, True, FREE),
    "DELETE o": _change("other", "delete", "alice", _there("o"), FREE),
    "PUT a/f of an ETag": _change("a", "put", "bob", _at("a", "f"), "bob's f", {"if_match": ETAG}),
    "PUT a/f of the same ETag": _change("a", "put", "alice", _at("a", "f"), "alice's", {"if_match": ETAG}),
    "PUT new if nothing is there": _change("a", "put", "bob", _at("a", "new"), "bob's new", {"if_none_match": "*"}),
    "PUT new likewise": _change("a", "put", "alice", _at("a", "new"), "alice's", {"if_none_match": "*"}),
    "PUT l without the token": _change("l", "put", "bob", _at("l"), "bob's l", FREE),
    "PUT l with the token": _change("l", "put", "alice", _at("l"), "alice's l", HELD),
    "PUT that fills the quota": _change("b", "put", "alice", _at("b", "big"), BIG, FREE),
    "PUT that fills it too": _change("x b", "put", "bob", _at("a", "x", "big"), BIG, FREE),
    "PUT over a/x/deep": _change("x", "put", "bob", _at("a", "x", "deep"), "deeper", FREE),
    "PATCH a/f": _change("a", "append", "bob", _at("a", "f"), ", and one more"),
    "PATCH a/f too": _change("a", "append", "alice", _at("a", "f"), ", and another"),
    "MKCOL a/new": _change("a", "mkcol", "bob", _at("a", "new"), FREE),
    "DELETE a": _change("a", "delete", "bob", _at("a"), FREE),
    "DELETE l with the token": _change("l", "delete", "alice", _at("l"), HELD),
    "COPY a to b/copy": _change("a x b", "copy", "bob", _at("a"), _at("b", "copy"), True, True, FREE),
    "COPY a over b": _change("a b", "copy", "alice", _at("a"), _at("b"), True, True, FREE),
    "COPY v to w": _change("old", "copy", "bob", _at("v"), _at("w"), True, True, FREE),
    "LOCK a, infinity": _change("a", "lock", "alice", _at("a"), True, True, 600, FREE),
    "LOCK a/f": _change("a", "lock", "bob", _at("a", "f"), True, False, 600, FREE),
    "LOCK a/f, shared": _change("a", "lock", "alice", _at("a", "f"), False, False, 600, FREE),
    "LOCK a/f, shared too": _change("a", "lock", "bob", _at("a", "f"), False, False, 600, FREE),
    "LOCK of nothing": _change("a", "lock", "alice", _at("a", "new"), True, False, 600, FREE),
    "UNLOCK l": _change("l", "unlock", "alice", _at("l"), TOKEN),
    "refresh l": _change("l", "refresh", "alice", _at("l"), TOKEN, 700),
    "break the lock of l": _change("l", "break_lock", TOKEN),
    "LOCK l by another": _change("l", "lock", "bob", _at("l"), True, False, 600, FREE),
    "refresh m, expired": _change("m", "refresh", "alice", _at("m"), EXPIRED, 700),
    "LOCK m by another": _change("m", "lock", "bob", _at("m"), True, False, 600, FREE),
    "PUT m by another": _change("m", "put", "bob", _at("m"), "bob's m", FREE),
    "PUT m with the token": _change("m", "put", "alice", _at("m"), "alice's m", {"tokens": [EXPIRED]}),
    "PROPPATCH a/f": _change("a", "proppatch", "bob", _at("a", "f"), {"p": "<v/>"}, FREE),
    "restore t": _change("trash", "restore_trashed", "alice", DRIVE, TRASHED),
    "PUT t": _change("trash", "put", "bob", _at("t"), "another t", FREE),
    "empty the trash": _change("trash old a", "empty_trash", DRIVE),
    "restore the first v": _change("old", "restore_first", "alice", _at("v"), FIRST),
    "PUT v": _change("old", "put", "bob", _at("v"), "the third", FREE),
    "DELETE v": _change("old", "delete", "bob", _at("v"), FREE),
    "complete the upload": _change("upload a", "complete", "alice", UPLOAD),
    "complete it with an ETag": _change("upload a", "complete_over", "alice", UPLOAD, _at("a", "f"), ETAG),
    "abort the upload": _change("upload", "abort", "alice", UPLOAD),
    "expire the upload": _change("upload", "expire_upload", UPLOAD),
    "another part": _change("upload", "add_part", "alice", UPLOAD, 2, ", and the second"),
    "carol's PUT a/f": _change("carol a", "put", CAROL, _at("a", "f"), "carol's f", FREE),
    "make carol a viewer": _change("carol", "grant", DRIVE, CAROL, VIEWER),
    "take carol's role": _change("carol", "grant", DRIVE, CAROL, 0),
    "remove carol": _change("carol", "remove_user", CAROL),
    "give carol a role once more": _change("carol", "grant", DRIVE, CAROL, EDITOR),
    "a device of carol's": _change("carol", "add_device", CAROL),
    "make a drive": _change("made", "make_drive", MADE),
    "make it too": _change("made", "make_drive", MADE),
    "add a user": _change("made", "make_user", MADE),
    "add the user too": _change("made", "make_user", MADE),
    "a smaller quota": _change("b", "quota", DRIVE, 100),
}


REFUSABLE: dict[tuple[str, str], str] = {
    ("complete the upload", "another part"): "Conflict",
    ("complete it with an ETag", "another part"): "Conflict",
    ("complete the upload", "complete it with an ETag"): "Conflict",
}
"""Where the first of two may also be refused, with nothing done, because it saw the other come in between: an upload is
looked at before the transaction, and has to be the same in it."""


def pieces_for(*kinds: Kind) -> list[tuple[str, list[Any], str]]:
    """The tree that these changes need."""
    needed = frozenset[str]().union(*(kind.needs for kind in kinds))
    needed |= {"a"} if needed & {"x", "upload"} else set()
    return [order for name, orders in PIECES.items() if name in needed for order in orders]


def fill_in(arguments: list[Any], known: dict[str, Any]) -> list[Any]:
    """The arguments for one race."""

    def fill(each: Any) -> Any:
        if isinstance(each, dict):
            return {name: fill(value) for name, value in each.items()}
        if isinstance(each, list):
            return [fill(value) for value in each]
        return known.get(each, each) if isinstance(each, str) else each

    return [fill(each) for each in arguments]
