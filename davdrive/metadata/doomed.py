"""Objects that nothing names any more, and when each may be deleted."""

import json
from collections.abc import Iterable, Sequence

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

LATEST_WINS = """
    ON CONFLICT (object_key) DO UPDATE SET after_ms = {GREATEST}(doomed.after_ms, excluded.after_ms)"""
"""An object that was doomed before may have had a name in between: whoever reads it since then has to come to an end
too. Rows that are inserted need a GROUP BY: PostgreSQL refuses to meet a key twice."""

_DUE = Statement("SELECT object_key FROM doomed WHERE after_ms <= {NOW_MS} ORDER BY after_ms LIMIT :most")
_NAMED = Statement("""
    SELECT value FROM {TEXTS} WHERE EXISTS (SELECT 1 FROM segments s WHERE s.object_key = value)
        OR EXISTS (SELECT 1 FROM parts p WHERE p.object_key = value)""")
_KNOWN = Statement("""
    SELECT value FROM {TEXTS} WHERE EXISTS (SELECT 1 FROM segments s WHERE s.object_key = value)
        OR EXISTS (SELECT 1 FROM parts p WHERE p.object_key = value)
        OR EXISTS (SELECT 1 FROM doomed d WHERE d.object_key = value)""")
_DOOM = Statement(f"""
    INSERT INTO doomed (object_key, after_ms) SELECT value, {{NOW_MS}} + :grace_ms FROM {{TEXTS}} WHERE true
    GROUP BY value {LATEST_WINS}""")
_POSTPONE = Statement("""
    UPDATE doomed SET after_ms = {NOW_MS} + :grace_ms WHERE object_key IN (SELECT value FROM {TEXTS})""")
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


def doom(session: Session, keys: Sequence[str], grace_ms: int) -> None:
    """Doom objects that nothing names; they may be deleted `grace_ms` from now."""
    session.run(_DOOM, texts=json.dumps(keys), grace_ms=grace_ms)


def postpone(session: Session, keys: Sequence[str], grace_ms: int) -> None:
    """Let doomed objects wait for another `grace_ms`."""
    session.run(_POSTPONE, texts=json.dumps(keys), grace_ms=grace_ms)


def forget_doomed(session: Session, keys: Iterable[str]) -> None:
    """They are deleted."""
    session.run(_FORGET, texts=json.dumps(list(keys)))


def count_doomed(session: Session) -> tuple[int, int]:
    """How many objects are doomed, and for how many the time has come."""
    every, due = session.row(_COUNT) or (0, 0)
    return int(every), int(due)
