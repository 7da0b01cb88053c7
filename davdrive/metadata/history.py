"""The past of a drive: what was deleted, what a path held before, and when."""

from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_WHEN = "(SELECT c.time_ms FROM commits c WHERE c.drive = e.drive AND c.revision = e.until)"
_WHO = "(SELECT c.principal FROM commits c WHERE c.drive = e.drive AND c.revision = e.until)"
# What the audit trail no longer reaches is being purged, perhaps at this moment, from the leaves up.
_WHOLE = "(SELECT COALESCE(min(c.revision), 0) FROM commits c WHERE c.drive = :drive)"
# The last name that a node had, and of a file not one that another file took over in the same commit: that is a save
# by rename, and its past is found under the file's versions.
_GONE = f"""
    e.drive = :drive AND e.until > {_WHOLE}
    AND NOT EXISTS (SELECT 1 FROM entries l WHERE l.drive = e.drive AND l.node = e.node AND l.since >= e.until)
    AND NOT (n.kind = 1 AND (
        EXISTS (SELECT 1 FROM entries r WHERE r.drive = e.drive AND r.parent = e.parent AND r.name_key = e.name_key
            AND r.until IS NULL AND r.since = e.until)
        OR EXISTS (SELECT 1 FROM entries r WHERE r.drive = e.drive AND r.parent = e.parent AND r.until > e.until
            AND r.name_key = e.name_key AND r.since = e.until)))"""
_FIELDS = f"e.id, e.node, n.kind, e.parent, e.name, e.name_key, e.until, {_WHEN}, {_WHO}, v.size"
_JOINS = """
    JOIN nodes n ON n.drive = e.drive AND n.id = e.node
    LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.until IS NULL"""
_TRASH = Statement(f"""
    SELECT {_FIELDS} FROM entries e {_JOINS}
    WHERE {_GONE} AND (e.until < :until OR (e.until = :until AND e.id < :id))
    ORDER BY e.until DESC, e.id DESC LIMIT :most""")
_TRASHED = Statement(f"SELECT {_FIELDS} FROM entries e {_JOINS} WHERE {_GONE} AND e.id = :id")
_NAMES_AT = Statement("""
    WITH RECURSIVE up(node, name, depth) AS (
        SELECT CAST(:node AS BIGINT), CAST('' AS TEXT), 0
        UNION ALL
        SELECT e.parent, e.name, up.depth + 1 FROM up JOIN entries e ON e.drive = :drive AND e.node = up.node
            AND e.since <= :revision AND (e.until IS NULL OR e.until > :revision)
        WHERE up.depth < :most
    ) SELECT node, name FROM up ORDER BY depth DESC""")
_VERSION_FIELDS = """v.id, v.node, v.content, v.size, v.etag, v.media_type, v.modified_ms, v.author, v.since, v.until,
    (SELECT c.time_ms FROM commits c WHERE c.drive = v.drive AND c.revision = v.since)"""
# The latest node of that name with its past, also under other names; of earlier ones what they were while they had the
# name. What a node became after it lost the name belongs to its next place.
_AT_NAME = f"""
    SELECT DISTINCT {_VERSION_FIELDS} FROM entries e JOIN versions v ON v.drive = e.drive AND v.node = e.node
    WHERE e.drive = :drive AND e.parent = :parent AND e.name_key = :name_key
        AND v.draft = 0
        AND (e.node = :latest OR v.until IS NULL OR v.until > e.since) AND (e.until IS NULL OR v.since < e.until)"""
_VERSIONS = Statement(f"{_AT_NAME} ORDER BY 9 DESC, 1 DESC LIMIT :most")
_VERSION = Statement(f"{_AT_NAME} AND v.id = :id")
_LATEST = Statement("""
    SELECT node FROM entries WHERE drive = :drive AND parent = :parent AND name_key = :name_key
    ORDER BY CASE WHEN until IS NULL THEN 1 ELSE 0 END DESC, until DESC LIMIT 1""")
NO_NODE = 0
DEEPEST = 1000
"""Names that a walk upwards follows; paths are far shorter, and a damaged tree must not hold it for ever."""


class Trashed(NamedTuple):
    """A deleted entry: `id` is how it is named for restoring. `deleted_ms` and `deleted_by` are None when the commit
    is older than the audit trail; `size` in bytes of a file, None for a collection."""

    id: int
    node: int
    kind: int
    parent: int
    name: str
    name_key: str
    until: int
    deleted_ms: int | None
    deleted_by: str | None
    size: int | None


class PastVersion(NamedTuple):
    """A version that a path has or had. `id` is how it is named for restoring; `stored_ms` None: before the audit
    trail begins; `until` None: the node's present one."""

    id: int
    node: int
    content: int
    size: int
    etag: str
    media_type: str | None
    modified_ms: int
    author: str
    since: int
    until: int | None
    stored_ms: int | None


def trash_page(session: Session, drive: int, before: tuple[int, int], most: int) -> list[Trashed]:
    """Deleted entries, the latest first, that come after the one with (`until`, `id`) of `before`."""
    rows = session.rows(_TRASH, drive=drive, until=before[0], id=before[1], most=most)
    return [Trashed._make(row) for row in rows]


def trashed(session: Session, drive: int, identity: int) -> Trashed | None:
    """The deleted entry with that id."""
    row = session.row(_TRASHED, drive=drive, id=identity)
    return None if row is None else Trashed._make(row)


def names_at(session: Session, drive: int, node: int, revision: int) -> tuple[int, tuple[str, ...]]:
    """The names from the top down to a node as of a revision, and the node at which the walk upwards ended: the
    drive's root, unless something above was deleted."""
    rows = session.rows(_NAMES_AT, drive=drive, node=node, revision=revision, most=DEEPEST)
    return rows[0][0], tuple(name for _, name in rows if name)


def versions_at(session: Session, drive: int, parent: int, name_key: str, most: int) -> list[PastVersion]:
    """What files at a name in a collection held, the newest first: the present file with all of its past, and the
    files that it replaced with what they held while they had the name."""
    where = {"drive": drive, "parent": parent, "name_key": name_key}
    latest = session.value(_LATEST, **where) or NO_NODE
    return [PastVersion._make(row) for row in session.rows(_VERSIONS, **where, latest=latest, most=most)]


def version_at(session: Session, drive: int, parent: int, name_key: str, identity: int) -> PastVersion | None:
    """The one with that id, if the name had it."""
    where = {"drive": drive, "parent": parent, "name_key": name_key}
    latest = session.value(_LATEST, **where) or NO_NODE
    row = session.row(_VERSION, **where, latest=latest, id=identity)
    return None if row is None else PastVersion._make(row)
