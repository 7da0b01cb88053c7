"""What lives at a path: one walk down from the root, in one statement."""

from collections.abc import Sequence
from dataclasses import fields
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import Content, content_of
from davdrive.metadata.drives import COLUMNS, ROLE, SEEN, Drive
from davdrive.metadata.session import Question, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import COLLECTION, FILE

FIELDS = """1 - n.kind, v.size, v.etag, v.media_type, COALESCE(v.modified_ms, n.modified_ms), n.created_ms, n.id,
    v.content"""


class Resource(NamedTuple):
    """A live node where it stands in the tree, with its current version if it is a file. Times are unix ms."""

    name: str
    is_collection: int
    size: int | None
    etag: str | None
    media_type: str | None
    modified_ms: int
    created_ms: int
    node: int
    content: int | None

    @property
    def kind(self) -> int:
        """COLLECTION or FILE."""
        return COLLECTION if self.is_collection else FILE


# One row a name that was found; the number of rows tells how far the walk came.
_ANY_WALK = """
    WITH RECURSIVE walk(depth, drive, node, entry, keys) AS (
        SELECT 0, drives.id, CAST(1 AS BIGINT), CAST(0 AS BIGINT),
               CAST(CASE drives.case_insensitive WHEN 1 THEN :folded ELSE :keys END AS {JSON})
        FROM drives WHERE drives.name_key = :drive_key AND {{SEEN}}
        UNION ALL
        SELECT walk.depth + 1, walk.drive, e.node, e.id, walk.keys FROM walk JOIN entries e
            ON e.drive = walk.drive AND e.parent = walk.node AND e.name_key = {KEY_AT} AND e.until IS NULL
    )"""
_NODE = """
    JOIN nodes n ON n.drive = walk.drive AND n.id = walk.node
    LEFT JOIN entries e ON e.id = walk.entry
    LEFT JOIN versions v ON v.drive = walk.drive AND v.node = walk.node AND v.until IS NULL"""
_WALK, _OWN_WALK = _ANY_WALK.replace("{{SEEN}}", "1 = 1"), _ANY_WALK.replace("{{SEEN}}", SEEN)
_CHAIN = Statement(f"{_WALK} SELECT COALESCE(e.name, ''), {FIELDS} FROM walk {_NODE} ORDER BY walk.depth")
_FOUND = f"JOIN drives ON drives.id = walk.drive {_NODE}"
_LOCATE = Statement(f"""
    {_OWN_WALK} SELECT {COLUMNS}, {ROLE}, COALESCE(e.name, ''), {FIELDS}
    FROM walk {_FOUND} WHERE walk.depth = :depth""")
_OPEN = Statement(f"""
    {_OWN_WALK} SELECT {COLUMNS}, {ROLE}, COALESCE(e.name, ''), {FIELDS}, c.id, c.size, c.sha256, c.digests, c.inline
    FROM walk {_FOUND} LEFT JOIN contents c ON c.id = v.content WHERE walk.depth = :depth""")
_LENGTHS = Statement(f"""
    {_WALK} SELECT p.namespace, p.name, length(p.value) FROM walk
    JOIN properties p ON p.drive = walk.drive AND p.node = walk.node WHERE walk.depth = :depth""")
_DRIVE_COLUMNS = len(fields(Drive))


class PathKeys(NamedTuple):
    """A path in the form in which it is looked up; `folded` serves case-insensitive drives."""

    drive: str
    keys: Sequence[str]
    folded: Sequence[str]

    @property
    def parameters(self) -> dict[str, Any]:
        keys = _json(self.keys)
        return {
            "drive_key": self.drive,
            "keys": keys,
            "folded": keys if self.folded == self.keys else _json(self.folded),
        }


def _json(keys: Sequence[str]) -> str:
    """A JSON array; `json.dumps` takes five times as long for the few keys of a path."""
    return f"[{','.join(map(encode_basestring_ascii, keys))}]"


def chain(session: Session, path: PathKeys) -> list[Resource]:
    """The resources from the drive's root down to the path, as far as they exist: `1 + len(keys)` of them if all do."""
    return [Resource._make(row) for row in session.rows(_CHAIN, **path.parameters)]


def ask_chain(path: PathKeys) -> Question:
    """The question of `chain`."""
    return _CHAIN, path.parameters


def ask_lengths(path: PathKeys) -> Question:
    """Asks for namespace, name and characters of each dead property of what lives at a path."""
    return _LENGTHS, {"depth": len(path.keys), **path.parameters}


def locate(session: Session, path: PathKeys, caller: Caller) -> tuple[Drive, Resource]:
    """The drive and the resource at a path, in one statement.

    Errors: NotFound, also for what the caller may not see.
    """
    row = session.row(_LOCATE, user=caller.user, depth=len(path.keys), **path.parameters)
    if row is None:
        raise _not_found(path)
    return _drive(row, caller, path), Resource._make(row[_DRIVE_COLUMNS:])


def open_file(session: Session, path: PathKeys, caller: Caller) -> tuple[Drive, Resource, Content | None]:
    """Like `locate`, with the file's current content (None for a collection)."""
    row = session.row(_OPEN, user=caller.user, depth=len(path.keys), **path.parameters)
    if row is None:
        raise _not_found(path)
    resource = Resource._make(row[_DRIVE_COLUMNS:-5])
    return _drive(row, caller, path), resource, None if resource.content is None else content_of(row[-5:])


def _drive(row: Sequence[Any], caller: Caller, path: PathKeys) -> Drive:
    drive = Drive.of(row[:_DRIVE_COLUMNS], caller)
    if not drive.role:
        raise _not_found(path)
    return drive


def _not_found(path: PathKeys) -> NotFound:
    return NotFound("there is no " + "/" + "/".join((path.drive, *path.keys)) + ", or you may not see it")
