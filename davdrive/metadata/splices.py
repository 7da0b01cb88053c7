"""Contents that share segments with others: a partial update keeps what it does not change (copy on write)."""

from collections.abc import Sequence

from davdrive.metadata.contents import SegmentLike
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

# A segment that reaches over an end of the range is shared in part; its object stays whole.
_KEEP = Statement("""
    INSERT INTO segments (content, start, object_key, "offset", length)
    SELECT :content, {GREATEST}(start, :start), object_key, "offset" + {GREATEST}(:start - start, 0),
        {LEAST}(start + length, :stop) - {GREATEST}(start, :start)
    FROM segments WHERE content = :source AND start < :stop AND start + length > :start""")
_INSERT = Statement("""
    INSERT INTO segments (content, start, object_key, "offset", length)
    VALUES (:content, :start, :key, :offset, :length)""")
_UNHASHED = Statement("SELECT id FROM contents WHERE sha256 IS NULL AND id > :after ORDER BY id LIMIT :most")
_SET_SHA256 = Statement("UPDATE contents SET sha256 = :sha256 WHERE id = :content AND sha256 IS NULL")


def keep_segments(session: Session, source: int, content: int, start: int, stop: int) -> None:
    """Give `content` the bytes `start` up to but without `stop` of the content `source`, at the same place."""
    if start < stop:
        session.do(_KEEP, source=source, content=content, start=start, stop=stop)


def put_segments(session: Session, content: int, start: int, segments: Sequence[SegmentLike]) -> None:
    """Give `content` segments one after the other from `start` on."""
    rows = []
    for each in segments:
        rows.append({"content": content, "start": start, "key": each.key, "offset": each.offset, "length": each.length})
        start += each.length
    if rows:
        session.many(_INSERT, rows)


def unhashed_contents(session: Session, after: int, most: int) -> list[int]:
    """At most `most` contents over the id `after` whose SHA-256 nobody knows yet."""
    return [row[0] for row in session.rows(_UNHASHED, after=after, most=most)]


def set_sha256(session: Session, content: int, sha256: bytes) -> None:
    """Keep the SHA-256 of a content that had none."""
    session.run(_SET_SHA256, content=content, sha256=sha256)
