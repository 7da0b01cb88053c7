"""What must hold after every step: the drive is the model's, and P5, P6 and P8 by the rows themselves."""

import hashlib
from collections import defaultdict
from typing import Any

from davdrive.deadline import unlimited
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.objects.base import ObjectStore
from tests.model.reference import Reference
from tests.model.shapes import Node, Tree
from tests.model.world import World

ROOT = 1
ENTRIES = Statement("""
    SELECT d.name, e.parent, e.node, e.name, e.name_key, n.kind, e.until FROM entries e
    JOIN drives d ON d.id = e.drive JOIN nodes n ON n.drive = e.drive AND n.id = e.node""")
_VERSIONS = Statement("""
    SELECT d.name, v.node, v.etag, v.author, c.sha256 FROM versions v JOIN drives d ON d.id = v.drive
    JOIN contents c ON c.id = v.content WHERE v.until IS NULL""")
_PROPERTIES = Statement("SELECT d.name, p.node, p.name, p.value FROM properties p JOIN drives d ON d.id = p.drive")
_LOCKS = Statement("""
    SELECT d.name, l.token, l.path_key, l.principal, l.expires_ms FROM locks l JOIN drives d ON d.id = l.drive""")
_USED = Statement("""
    SELECT d.name, d.used_bytes, (SELECT COALESCE(sum(v.size), 0) FROM versions v WHERE v.drive = d.id)
    FROM drives d""")
_STORED = Statement("""
    SELECT c.id, c.size, c.inline, s.object_key, s."offset", s.length FROM contents c
    LEFT JOIN segments s ON s.content = c.id WHERE EXISTS (SELECT 1 FROM versions v WHERE v.content = c.id)""")
_DOOMED = Statement("SELECT d.object_key FROM doomed d JOIN segments s ON s.object_key = d.object_key")


def check(world: World, reference: Reference) -> None:
    """AssertionError where the drive differs from the model or breaks a promise."""
    with world.backend.database.snapshot() as session:
        entries = session.rows(ENTRIES)
        check_shape(entries)
        _check_trees(session, entries, reference)
        _check_locks(session, reference, world.exact_time)
        _check_used(session, reference)
        check_stored(session, world.objects)


def check_shape(entries: list[Any]) -> None:
    """P5: one live name a node and a key; every live name leads to its root, or to a tree that was deleted whole."""
    above = {(drive, node): parent for drive, parent, node, _, _, _, until in entries if until is None}
    ended = {(drive, node) for drive, _, node, _, _, _, until in entries if until is not None}
    live = [row for row in entries if row[6] is None]
    assert len({(row[0], row[1], row[4]) for row in live}) == len(live) == len(above), "two live names are one"
    for drive, node in above:
        seen = {node}
        while (drive, node) in above:
            node = above[drive, node]
            assert node not in seen, f"a cycle in {drive} at node {node}"
            seen.add(node)
        assert node == ROOT or (drive, node) in ended, f"node {node} of {drive} hangs in the air"


def _check_trees(session: Session, entries: list[Any], reference: Reference) -> None:
    members: dict[tuple[str, int], dict[str, tuple[str, int, bool]]] = defaultdict(dict)
    for drive, parent, node, name, key, kind, until in entries:
        if until is None:
            members[drive, parent][key] = (name, node, kind == 1)
    versions = {(row[0], row[1]): row[2:] for row in session.rows(_VERSIONS)}
    properties: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for drive, node, name, value in session.rows(_PROPERTIES):
        # Over HTTP the value stands in its element.
        properties[drive, node][name] = value.removeprefix(f'<t:{name} xmlns:t="urn:t">').removesuffix(f"</t:{name}>")
    for tree in reference.trees.values():
        _same(tree, ROOT, tree.root, members, versions, properties)


def _same(tree: Tree, number: int, node: Node, members: Any, versions: Any, properties: Any) -> None:
    where = (tree.name, number)
    node.number = number
    assert node.properties == properties.get(where, {})
    if node.is_file:
        etag, author, sha256 = versions[where]
        current = node.versions[-1]
        assert (current.etag, current.author) == (etag, author)
        assert bytes(sha256) == hashlib.sha256(current.content).digest(), "a file has other bytes than the model"
        return
    found = members.get(where, {})
    assert {key: name for key, (name, _) in node.members.items()} == {key: each[0] for key, each in found.items()}
    for key, (_, member) in node.members.items():
        _, below, is_file = found[key]
        assert member.is_file == is_file
        _same(tree, below, member, members, versions, properties)


def _check_locks(session: Session, reference: Reference, exact_time: bool) -> None:
    model = {(x.drive, x.token, "/" + "/".join(x.keys), x.principal, x.expires_ms) for x in reference.locks}
    real = {tuple(row) for row in session.rows(_LOCKS)}
    if exact_time:
        model, real = ({row for row in rows if row[4] > reference.now_ms} for rows in (model, real))
    else:
        model, real = ({row[:4] for row in rows} for rows in (model, real))
    assert real == model, "other locks than the model's"


def _check_used(session: Session, reference: Reference) -> None:
    for drive, used, stored in session.rows(_USED):
        wanted = reference.trees[drive].used if drive in reference.trees else stored
        assert used == stored == wanted, f"P8: {drive} counts {used}, stores {stored}"


def check_stored(session: Session, objects: ObjectStore) -> None:
    """P6: every byte that a version names is there."""
    sizes: dict[int, int] = {}
    found: dict[int, int] = defaultdict(int)
    for content, size, inline, key, offset, length in session.rows(_STORED):
        sizes[content] = size
        found[content] += len(inline) if inline is not None else 0
        if key is not None:
            # Reading says Damaged for an object that is gone or too short: P6.
            found[content] += sum(map(len, objects.read(key, offset, length, unlimited())))
    assert sizes == dict(found), "P6: a content lacks bytes"
    assert not session.rows(_DOOMED), "P6: bytes that somebody needs are doomed"
