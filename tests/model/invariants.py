"""What must hold after every step: the drive is the model's, and P5, P6 and P8 by the rows themselves."""

import hashlib
from collections import defaultdict
from itertools import combinations
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
    SELECT d.name, v.node, v.etag, v.author, v.content, v.until, c.sha256 FROM versions v
    JOIN drives d ON d.id = v.drive JOIN contents c ON c.id = v.content""")
_PROPERTIES = Statement("SELECT d.name, p.node, p.name, p.value FROM properties p JOIN drives d ON d.id = p.drive")
_LOCKS = Statement("""
    SELECT d.name, l.token, l.path_key, l.principal, l.exclusive, l.infinite, l.expires_ms
    FROM locks l JOIN drives d ON d.id = l.drive""")
_USED = Statement("""
    SELECT d.name, d.used_bytes, (SELECT COALESCE(sum(v.size), 0) FROM versions v WHERE v.drive = d.id),
        (SELECT COALESCE(sum(p.length), 0) FROM parts p JOIN uploads u ON u.id = p.upload WHERE u.drive = d.id)
    FROM drives d""")
_STORED = Statement("""
    SELECT c.id, c.size, c.inline, s.object_key, s."offset", s.length FROM contents c
    LEFT JOIN segments s ON s.content = c.id WHERE EXISTS (SELECT 1 FROM versions v WHERE v.content = c.id)
    ORDER BY c.id, s.start""")
_PARTS = Statement("""SELECT object_key, "offset", length FROM parts WHERE length > 0""")
_DOOMED = Statement("""
    SELECT d.object_key FROM doomed d WHERE EXISTS (SELECT 1 FROM segments s WHERE s.object_key = d.object_key)
        OR EXISTS (SELECT 1 FROM parts p WHERE p.object_key = d.object_key)""")
_NAMED = Statement("""
    SELECT object_key FROM segments UNION SELECT object_key FROM parts UNION SELECT object_key FROM doomed""")


def check(world: World, reference: Reference) -> None:
    """AssertionError where the drive differs from the model or breaks a promise."""
    with world.backend.database.snapshot() as session:
        entries = session.rows(ENTRIES)
        check_shape(entries)
        stored = check_stored(session, world.objects)
        versions = session.rows(_VERSIONS)
        _check_etags(world, versions, stored)
        current = {(row[0], row[1]): (row[2], row[3], stored[row[4]]) for row in versions if row[5] is None}
        _check_trees(session, entries, current, reference)
        _check_locks(session, reference, world.exact_time)
        _check_used(session, reference)


def check_nothing_left(world: World) -> None:
    """After upkeep: every object in the store is named, or waits for its end."""
    named = {row[0] for row in world.backend.database.read(lambda session: session.rows(_NAMED))}
    left = {each.key for each in world.objects.list()} - named
    assert not left, f"upkeep left {len(left)} objects that nobody names"


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


def _check_etags(world: World, versions: list[Any], stored: dict[int, bytes]) -> None:
    """P4: an ETag names one content, and a content's checksum is that of its bytes."""
    for _, _, etag, _, content, _, sha256 in versions:
        assert world.known_etags.setdefault(etag, content) == content, "P4: one ETag names two contents"
        assert sha256 is None or bytes(sha256) == hashlib.sha256(stored[content]).digest(), "P6: a wrong checksum"


def _check_trees(session: Session, entries: list[Any], current: Any, reference: Reference) -> None:
    members: dict[tuple[str, int], dict[str, tuple[str, int, bool]]] = defaultdict(dict)
    for drive, parent, node, name, key, kind, until in entries:
        if until is None:
            members[drive, parent][key] = (name, node, kind == 1)
    properties: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for drive, node, name, value in session.rows(_PROPERTIES):
        # Over HTTP the value stands in its element.
        properties[drive, node][name] = value.removeprefix(f'<t:{name} xmlns:t="urn:t">').removesuffix(f"</t:{name}>")
    for tree in reference.trees.values():
        _same(tree, ROOT, tree.root, members, current, properties)


def _same(tree: Tree, number: int, node: Node, members: Any, versions: Any, properties: Any) -> None:
    where = (tree.name, number)
    node.number = number
    assert node.properties == properties.get(where, {})
    if node.is_file:
        present = node.versions[-1]
        assert versions[where] == (present.etag, present.author, present.content), "a file is another than the model's"
        return
    found = members.get(where, {})
    assert {key: name for key, (name, _) in node.members.items()} == {key: each[0] for key, each in found.items()}
    for key, (_, member) in node.members.items():
        _, below, is_file = found[key]
        assert member.is_file == is_file
        _same(tree, below, member, members, versions, properties)


def _check_locks(session: Session, reference: Reference, exact_time: bool) -> None:
    live = [each for each in reference.locks if each.expires_ms > reference.now_ms]
    model = {
        (x.drive, x.token, "/" + "/".join(x.keys), x.principal, int(x.exclusive), int(x.infinite), x.expires_ms)
        for x in reference.locks
    }
    real = {tuple(row) for row in session.rows(_LOCKS)}
    if exact_time:
        model, real = ({row for row in rows if row[6] > reference.now_ms} for rows in (model, real))
    else:
        model, real = ({row[:6] for row in rows} for rows in (model, real))
    assert real == model, "other locks than the model's"
    # They are the model's, so it is enough to look at those.
    assert not any(one.clashes(other) for one, other in combinations(live, 2)), "P3: two locks that do not go together"


def _check_used(session: Session, reference: Reference) -> None:
    for drive, used, versions, parts in session.rows(_USED):
        stored = versions + parts
        wanted = reference.used(reference.trees[drive]) if drive in reference.trees else stored
        assert used == stored == wanted, f"P8: {drive} counts {used}, stores {stored}, the model {wanted}"


def check_stored(session: Session, objects: ObjectStore) -> dict[int, bytes]:
    """P6: every byte that a version or a part names is there; the bytes of each content."""
    sizes: dict[int, int] = {}
    found: dict[int, bytes] = defaultdict(bytes)
    # Reading says Damaged for an object that is gone or too short: P6.
    for content, size, inline, key, offset, length in session.rows(_STORED):
        sizes[content] = size
        found[content] += bytes(inline) if inline is not None else b""
        if key is not None:
            found[content] += b"".join(objects.read(key, offset, length, unlimited()))
    for key, offset, length in session.rows(_PARTS):
        assert sum(map(len, objects.read(key, offset, length, unlimited()))) == length, "P6: a part lacks bytes"
    assert sizes == {content: len(each) for content, each in found.items()}, "P6: a content lacks bytes"
    assert not session.rows(_DOOMED), "P6: bytes that somebody needs are doomed"
    return found
