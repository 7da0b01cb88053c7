"""The oracle of a race: what the model says of the two changes one after the other, in either order."""

import copy
import hashlib
from dataclasses import dataclass
from typing import Any

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from tests.model.reference import Reference, Refused
from tests.model.shapes import Node, Tree
from tests.races.changes import Order
from tests.races.racer import real_arguments

ROOT = 1
_MEMBERS = Statement("""
    SELECT e.parent, e.node, e.name, c.sha256 FROM drives d JOIN entries e ON e.drive = d.id AND e.until IS NULL
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.until IS NULL
    LEFT JOIN contents c ON c.id = v.content WHERE d.name = :drive""")
_PROPERTIES = Statement("""
    SELECT p.node, p.name, p.value FROM properties p JOIN drives d ON d.id = p.drive WHERE d.name = :drive""")
_LOCKS = Statement("""
    SELECT l.path_key, l.principal, l.exclusive, l.infinite FROM locks l JOIN drives d ON d.id = l.drive
    WHERE d.name = :drive""")

State = tuple[Any, frozenset[Any]]


@dataclass(frozen=True)
class Ending:
    """One way in which a race may end: which outcomes each change may have, and the drive's state."""

    order: str
    outcomes: tuple[frozenset[str], frozenset[str]]
    state: State


def endings(reference: Reference, drive: str, one: Order, other: Order) -> list[Ending]:
    """Both orders."""
    first_then_second = copy.deepcopy(reference)
    outcomes = _apply(first_then_second, one), _apply(first_then_second, other)
    second_then_first = copy.deepcopy(reference)
    swapped = _apply(second_then_first, other), _apply(second_then_first, one)
    return [
        Ending("first", outcomes, modelled_state(first_then_second, drive)),
        Ending("second", (swapped[1], swapped[0]), modelled_state(second_then_first, drive)),
    ]


def apply_order(reference: Reference, order: Order) -> Any:
    """Do it on the model."""
    reference.step += 1
    method, arguments = order
    return getattr(reference, method)(*real_arguments(method, arguments))


def _apply(reference: Reference, order: Order) -> frozenset[str]:
    try:
        apply_order(reference, order)
    except Refused as refused:
        return frozenset(refused.reasons)
    return frozenset({"done"})


def modelled_state(reference: Reference, drive: str) -> State:
    """The tree with its contents and properties, and the locks."""
    tree: Tree = reference.trees[drive]
    locks = ((x.keys, x.principal, x.exclusive, x.infinite) for x in reference.locks if x.drive == drive)
    return _node_state(tree.root), frozenset(locks)


def _node_state(node: Node) -> Any:
    properties = tuple(sorted(node.properties.items()))
    if node.is_file:
        return "file", hashlib.sha256(node.versions[-1].content).digest(), properties
    return "collection", frozenset((name, _node_state(each)) for name, each in node.members.values()), properties


def real_state(session: Session, drive: str) -> State:
    """The same of the real drive."""
    below: dict[int, list[Any]] = {}
    for parent, node, name, sha256 in session.rows(_MEMBERS, drive=drive):
        below.setdefault(parent, []).append((name, node, None if sha256 is None else bytes(sha256)))
    properties: dict[int, list[tuple[str, str]]] = {}
    for node, name, value in session.rows(_PROPERTIES, drive=drive):
        properties.setdefault(node, []).append((name, value))

    def state(node: int, sha256: bytes | None, seen: frozenset[int]) -> Any:
        assert node not in seen, "P5: a cycle"
        known = tuple(sorted(properties.get(node, ())))
        if sha256 is not None:
            return "file", sha256, known
        members = ((name, state(each, digest, seen | {node})) for name, each, digest in below.get(node, ()))
        return "collection", frozenset(members), known

    locks = (
        (tuple(key.strip("/").split("/")), who, bool(exclusive), bool(infinite))
        for key, who, exclusive, infinite in session.rows(_LOCKS, drive=drive)
    )
    return state(ROOT, None, frozenset()), frozenset(locks)
