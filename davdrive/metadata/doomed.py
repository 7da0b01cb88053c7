"""Objects that nothing names any more, and when each may be deleted."""

import json
from collections.abc import Iterable, Sequence

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_DUE = Statement("SELECT object_key FROM doomed WHERE after_ms <= {NOW_MS} ORDER BY after_ms LIMIT :most")
_NAMED = Statement("""
    SELECT value FROM {TEXTS} WHERE EXISTS (SELECT 1 FROM segments s WHERE s.object_key = value)
        OR EXISTS (SELECT 1 FROM parts p WHERE p.object_key = value)""")
_KNOWN = Statement("""
    SELECT value FROM {TEXTS} WHERE EXISTS (SELECT 1 FROM segments s WHERE s.object_key = value)
        OR EXISTS (SELECT 1 FROM parts p WHERE p.object_key = value)
        OR EXISTS (SELECT 1 FROM doomed d WHERE d.object_key = value)""")
_DOOM = Statement("""
    INSERT INTO doomed (object_key, after_ms) SELECT value, {NOW_MS} FROM {TEXTS} WHERE true ON CONFLICT DO NOTHING""")
_FORGET = Statement("DELETE FROM doomed WHERE object_key IN (SELECT value FROM {TEXTS})")
_COUNT = Statement("SELECT count(*), COALESCE(sum(CASE WHEN after_ms <= {NOW_MS} THEN 1 ELSE 0 END), 0) FROM doomed")


def due_objects(session: Session, most: int) -> list[str]:
    """Keys of doomed objects whose time has come."""
    return [row[0] for row in session.rows(_DUE, most=most)]


def named_objects(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a content or a part of an upload names."""
    return {row[0] for row in session.rows(_NAMED, texts=json.dumps(keys))}


def known_objects(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that are named, or doomed already."""
    return {row[0] for row in session.rows(_KNOWN, texts=json.dumps(keys))}


def doom_now(session: Session, keys: Sequence[str]) -> None:
    """Doom objects that nothing names; nobody can be reading them."""
    session.run(_DOOM, texts=json.dumps(keys))


def forget_doomed(session: Session, keys: Iterable[str]) -> None:
    """They are deleted."""
    session.run(_FORGET, texts=json.dumps(list(keys)))


def count_doomed(session: Session) -> tuple[int, int]:
    """How many objects are doomed, and for how many the time has come."""
    every, due = session.row(_COUNT) or (0, 0)
    return int(every), int(due)
