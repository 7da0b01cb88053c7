"""Content-Range in a request: a partial PUT (RFC 9110 §14.4, §14.5)."""

import re
from dataclasses import dataclass

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Bytes `first` to `last`, both counted from 0 and included, of `total` (None: not said)."""

    first: int
    last: int
    total: int | None

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def refuse_content_range(value: str | None) -> None:
    """Raise `BadRequest` when a PUT carries Content-Range: taken for a whole body it would destroy the rest."""
    if value is not None:
        raise BadRequest("a PUT with Content-Range is not taken here; send the whole file, or PATCH a part of it")


def read_content_range(value: str | None) -> ContentRange | None:
    """Return the range that a partial PUT writes, or None when the header is missing. Raises `BadRequest`."""
    if value is None:
        return None
    match = _CONTENT_RANGE.fullmatch(value.strip())
    if match is None:
        raise BadRequest(f"Content-Range is {shown(value)}; it must be bytes first-last/total")
    found = ContentRange(int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3]))
    if found.last < found.first or (found.total is not None and found.last >= found.total):
        raise BadRequest(f"Content-Range is {shown(value)}; its numbers contradict each other")
    return found
