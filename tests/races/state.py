"""All that one can see of a drive, without what differs from race to race: numbers, tokens, times."""

import re
from collections import Counter
from typing import Any

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

ROOT = 1
_ENTRIES = Statement("""
    SELECT e.parent, e.node, e.name, e.until FROM entries e JOIN drives d ON d.id = e.drive WHERE d.name = :drive""")
_VERSIONS = Statement("""
    SELECT v.node, c.size, c.sha256, c.id, v.until, v.author FROM versions v JOIN drives d ON d.id = v.drive
    JOIN contents c ON c.id = v.content WHERE d.name = :drive ORDER BY v.since""")
_LENGTHS = Statement("SELECT length FROM segments WHERE content = :content ORDER BY start")
_PROPERTIES = Statement("""
    SELECT p.node, p.name FROM properties p JOIN drives d ON d.id = p.drive WHERE d.name = :drive""")
_LOCKS = Statement("""
    SELECT l.path_key, l.principal, l.exclusive, l.infinite, l.timeout_s, l.expires_ms - l.created_ms > 0
    FROM locks l JOIN drives d ON d.id = l.drive WHERE d.name = :drive""")
_COMMITS = Statement("""
    SELECT c.operation, c.principal FROM commits c JOIN drives d ON d.id = c.drive WHERE d.name = :drive
    ORDER BY c.revision""")
_DRIVE = Statement("SELECT used_bytes, quota_bytes, revision FROM drives WHERE name = :drive")
_UPLOADS = Statement("""
    SELECT u.state, u.received, u.parts, (SELECT count(*) FROM parts p WHERE p.upload = u.id)
    FROM uploads u JOIN drives d ON d.id = u.drive WHERE d.name = :drive""")
_MEMBERS = Statement("""
    SELECT u.name, m.role FROM members m JOIN users u ON u.id = m."user" JOIN drives d ON d.id = m.drive
    WHERE d.name = :drive""")

State = tuple[Any, ...]


def state_of(session: Session, drive: str) -> State:
    """The tree with contents, versions and properties, the trash, the locks, the uploads, the members, and who did
    what in which order. AssertionError for a cycle (P5)."""
    return (
        *_Tree(session, drive).seen(),
        _bag(session, _LOCKS, drive),
        _bag(session, _UPLOADS, drive),
        frozenset((re.sub(r"\d+$", "", name), role) for name, role in session.rows(_MEMBERS, drive=drive)),
        tuple(_plain(row) for row in session.rows(_COMMITS, drive=drive)),
        _plain(session.row(_DRIVE, drive=drive) or ()),
    )


def _bag(session: Session, statement: Statement, drive: str) -> frozenset[Any]:
    return frozenset(Counter(_plain(row) for row in session.rows(statement, drive=drive)).items())


def _plain(row: Any) -> tuple[Any, ...]:
    """The same from both databases; users' numbers are the race's."""
    return tuple(
        re.sub(r"\d+$", "", each) if isinstance(each, str) else int(each) if isinstance(each, bool) else each
        for each in row
    )


class _Tree:
    """The nodes of a drive."""

    def __init__(self, session: Session, drive: str) -> None:
        self.below: dict[int, list[tuple[str, int]]] = {}
        self.closed: list[tuple[str, int]] = []
        self.contents: dict[int, list[Any]] = {}
        self.properties: dict[int, list[str]] = {}
        for parent, node, name, until in session.rows(_ENTRIES, drive=drive):
            if until is None:
                self.below.setdefault(parent, []).append((name, node))
            else:
                self.closed.append((name, node))
        for node, size, sha256, content, until, author in session.rows(_VERSIONS, drive=drive):
            lengths = () if sha256 else tuple(row[0] for row in session.rows(_LENGTHS, content=content))
            seen = (size, sha256 and bytes(sha256), lengths, until is None, *_plain([author]))
            self.contents.setdefault(node, []).append(seen)
        for node, name in session.rows(_PROPERTIES, drive=drive):
            self.properties.setdefault(node, []).append(name)

    def seen(self) -> tuple[Any, Any]:
        """The live tree, and what lost its name."""
        closed = Counter((name, self._state(node, frozenset())) for name, node in self.closed)
        return self._state(ROOT, frozenset()), frozenset(closed.items())

    def _state(self, node: int, above: frozenset[int]) -> Any:
        assert node not in above, "P5: a cycle"
        members = ((name, self._state(each, above | {node})) for name, each in self.below.get(node, ()))
        own = tuple(self.contents.get(node, ())), tuple(sorted(self.properties.get(node, ())))
        return frozenset(members), *own
