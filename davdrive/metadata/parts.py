"""The parts of uploads: segments that have no content yet. A part's objects are doomed before its rows go (P6)."""

from collections.abc import Sequence
from typing import NamedTuple

from davdrive.metadata.contents import SegmentLike
from davdrive.metadata.doomed import LATEST_WINS
from davdrive.metadata.session import Question, Session
from davdrive.metadata.statement import Statement

NO_OBJECT = ""
"""The object key of a part without bytes; no store ever has it."""

_INSERT = Statement("""
    INSERT INTO parts (upload, number, piece, name, size, sha256, object_key, "offset", length)
    VALUES (:upload, :number, :piece, :name, :size, :sha256, :key, :offset, :length)""")
_PARTS = Statement("""
    SELECT number, name, size, sha256 FROM parts WHERE upload = :upload AND piece = 0 AND number > :after
    ORDER BY number LIMIT :most""")
_PART = Statement("""
    SELECT number, name, size, sha256 FROM parts WHERE upload = :upload AND number = :number AND piece = 0""")
_SEGMENTS = Statement("""
    SELECT object_key, "offset", length FROM parts WHERE upload = :upload AND length > 0 ORDER BY number, piece""")
_HAS_OBJECT = Statement("SELECT 1 FROM parts WHERE upload = :upload AND number = :number AND object_key = :key")
_WAS_NAMED = Statement("""
    SELECT 1 FROM parts WHERE object_key = :key UNION ALL SELECT 1 FROM segments WHERE object_key = :key
    UNION ALL SELECT 1 FROM doomed WHERE object_key = :key LIMIT 1""")
_OBJECT = Statement("SELECT object_key FROM parts WHERE upload = :upload AND number = :number AND piece = 0")
_DOOM = """
    INSERT INTO doomed (object_key, after_ms)
    SELECT object_key, {NOW_MS} + :grace_ms FROM parts WHERE upload = :upload AND length > 0"""
_DOOM_ALL = Statement(f"{_DOOM} GROUP BY object_key {LATEST_WINS}")
_DOOM_ONE = Statement(f"{_DOOM} AND number = :number GROUP BY object_key {LATEST_WINS}")
_DELETE_ALL = Statement("DELETE FROM parts WHERE upload = :upload")
_DELETE_ONE = Statement("DELETE FROM parts WHERE upload = :upload AND number = :number")
# The places of all segments in one pass: no row of it comes here, however many parts there are.
_BECOME_CONTENT = Statement("""
    INSERT INTO segments (content, start, object_key, "offset", length)
    SELECT :content, CAST(sum(length) OVER (ORDER BY number, piece) - length AS BIGINT), object_key, "offset", length
    FROM parts WHERE upload = :upload AND length > 0""")


class Part(NamedTuple):
    """A part: its `number` gives its place in the order, `name` is how the client calls it, `size` in bytes."""

    number: int
    name: str
    size: int
    sha256: bytes


def insert_part(session: Session, upload: str, part: Part, segments: Sequence[SegmentLike]) -> None:
    """Name the durable segments of a part."""
    places = [(each.key, each.offset, each.length) for each in segments] or [(NO_OBJECT, 0, 0)]
    session.many(
        _INSERT,
        [
            {
                "upload": upload,
                "number": part.number,
                "piece": piece,
                "name": part.name,
                "size": part.size,
                "sha256": part.sha256,
                "key": key,
                "offset": offset,
                "length": length,
            }
            for piece, (key, offset, length) in enumerate(places)
        ],
    )


def parts_page(session: Session, upload: str, after: int = -1, most: int = 1000) -> list[Part]:
    """At most `most` parts whose number is over `after`, in order."""
    return [Part._make(row) for row in session.rows(_PARTS, upload=upload, after=after, most=most)]


def find_part(session: Session, upload: str, number: int) -> Part | None:
    """The part of that number."""
    row = session.row(_PART, upload=upload, number=number)
    return None if row is None else Part._make(row)


def ask_part(upload: str, number: int) -> Question:
    """The question of `find_part`."""
    return _PART, {"upload": upload, "number": number}


def part_has_object(session: Session, upload: str, number: int, key: str) -> bool:
    """Whether the part is made of that object."""
    return session.row(_HAS_OBJECT, upload=upload, number=number, key=key) is not None


def part_was_stored(session: Session, upload: str, number: int, key: str) -> bool:
    """Whether a part of that object was ever stored: it may be a file's by now, or was replaced or dropped already."""
    if key == NO_OBJECT:
        return part_has_object(session, upload, number, key)
    return session.row(_WAS_NAMED, key=key) is not None


def part_object(session: Session, upload: str, number: int) -> str | None:
    """The key of the part's first object, None without such a part."""
    key: str | None = session.value(_OBJECT, upload=upload, number=number)
    return key


def part_segments(session: Session, upload: str) -> list[tuple[str, int, int]]:
    """What the parts consist of, in order: `(object key, offset, length)`."""
    return [(row[0], row[1], row[2]) for row in session.rows(_SEGMENTS, upload=upload)]


def drop_part(session: Session, upload: str, number: int, grace_ms: int) -> None:
    """Forget a part; its objects may be deleted `grace_ms` from now."""
    session.do(_DOOM_ONE, upload=upload, number=number, grace_ms=grace_ms)
    session.do(_DELETE_ONE, upload=upload, number=number)


def drop_parts(session: Session, upload: str, grace_ms: int) -> None:
    """Forget every part; their objects may be deleted `grace_ms` from now."""
    session.do(_DOOM_ALL, upload=upload, grace_ms=grace_ms)
    session.do(_DELETE_ALL, upload=upload)


def become_content(session: Session, upload: str, content: int) -> None:
    """Make the parts, in order, the segments of a content; the upload has none afterwards."""
    session.do(_BECOME_CONTENT, upload=upload, content=content)
    session.do(_DELETE_ALL, upload=upload)
