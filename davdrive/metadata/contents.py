"""Contents: immutable byte sequences, inline or as segments of stored objects."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from davdrive.metadata.session import Question, Session
from davdrive.metadata.statement import Statement

_INSERT = Statement("""
    INSERT INTO contents (size, sha256, digests, inline) VALUES (:size, :sha256, :digests, :inline) RETURNING id""")
_INSERT_SEGMENT = Statement("""
    INSERT INTO segments (content, start, object_key, "offset", length)
    VALUES (:content, :start, :key, :offset, :length)""")
# PostgreSQL numbers a content before its row is there, so the number travels with the questions before the change.
_NEXT = Statement("SELECT nextval('contents_id_seq')")
_INSERT_AS = Statement("""
    INSERT INTO contents (id, size, sha256, digests, inline) VALUES (:id, :size, :sha256, :digests, :inline)""")
_SEGMENTS = Statement("""
    SELECT start, object_key, "offset", length FROM segments
    WHERE content = :content AND start < :stop AND start + length > :start ORDER BY start""")
_FIND = Statement("SELECT id, size, sha256, digests, inline FROM contents WHERE id = :content")
_DIGESTS = Statement("SELECT sha256, digests FROM contents WHERE id = :content")
_ADD_DIGESTS = Statement("UPDATE contents SET digests = :digests WHERE id = :content")


class Content(NamedTuple):
    """A stored byte sequence. `inline` holds small ones; others are read by their segments. `sha256` is None until
    somebody reads all of a content that was put together from parts (`davdrive.drive.digests`)."""

    id: int
    size: int
    sha256: bytes | None
    digests: Mapping[str, str]
    inline: bytes | None


class SegmentLike(Protocol):
    """A piece of a stored object, in bytes."""

    @property
    def key(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...


def content_of(row: Sequence[Any]) -> Content:
    """Build a content from its columns `id, size, sha256, digests, inline`."""
    identity, size, sha256, digests, inline = row
    known = json.loads(digests) if digests else {}
    return Content(identity, size, _bytes(sha256), known, _bytes(inline))


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def insert_content(
    session: Session,
    *,
    size: int,
    sha256: bytes | None,
    digests: Mapping[str, str],
    inline: bytes | None,
    segments: Sequence[SegmentLike],
) -> int:
    """Name bytes that are durable already; the new content's id. `digests` are hex by lower-case algorithm."""
    known = json.dumps(digests) if digests else None
    columns = {"size": size, "sha256": sha256, "digests": known, "inline": inline}
    content: int
    if session.dialect == "sqlite":
        content = session.value(_INSERT, **columns)
    else:
        content = session.value(_NEXT)
        session.do(_INSERT_AS, id=content, **columns)
    if segments:
        session.many(_INSERT_SEGMENT, _segment_rows(content, segments))
    return content


def ask_number() -> Question:
    """Asks, where that is a question, for the number of the next content that `insert_content` will name."""
    return _NEXT, {}


def _segment_rows(content: int, segments: Sequence[SegmentLike]) -> list[dict[str, Any]]:
    rows, start = [], 0
    for each in segments:
        rows.append({"content": content, "start": start, "key": each.key, "offset": each.offset, "length": each.length})
        start += each.length
    return rows


def find_content(session: Session, content: int) -> Content | None:
    """The content with that id."""
    row = session.row(_FIND, content=content)
    return None if row is None else content_of(row)


def ask_digests(content: int) -> Question:
    """Asks for the columns from which `known_digests` tells what is known of a content's bytes."""
    return _DIGESTS, {"content": content}


def known_digests(sha256: bytes | None, digests: str | None) -> dict[str, str]:
    """What two columns of a content say: hex by algorithm."""
    return {**(json.loads(digests) if digests else {}), **({"sha256": sha256.hex()} if sha256 else {})}


def add_digests(session: Session, content: int, digests: Mapping[str, str]) -> None:
    """Keep digests that were computed later."""
    session.do(_ADD_DIGESTS, content=content, digests=json.dumps(digests))


def segments_between(session: Session, content: int, start: int, stop: int) -> list[tuple[int, str, int, int]]:
    """The segments that hold bytes `start` to `stop` of a content, in order: `(start in the content, object key,
    offset in the object, length)`."""
    return [tuple(row) for row in session.rows(_SEGMENTS, content=content, start=start, stop=stop)]
