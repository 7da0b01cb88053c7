"""Range and If-Range (RFC 9110 §14.2, §13.1.5): which bytes of a file an answer carries.

Decided here: an unknown unit, a malformed header and one with more ranges than the limit are ignored, which answers
the whole file, as §14.2 permits. Ranges that overlap or adjoin are merged, so no byte is sent twice.
"""

import re
from typing import NamedTuple

from davdrive.dav.headers.etags import read_etag
from davdrive.dav.headers.http_dates import parse_http_date

MAX_RANGES = 5  # readers of media and archives ask for two or three; hundreds are an attack
_RANGE_SET = re.compile(r"bytes[ \t]*=(.*)", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"([0-9]{0,19})-([0-9]{0,19})")


class ByteRange(NamedTuple):
    """Bytes from `start` up to but without `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


class Unsatisfiable(NamedTuple):
    """No byte of the file is in the ranges asked for: 416, with `Content-Range: bytes */size` (RFC 9110 §15.5.17)."""

    size: int


def read_ranges(value: str | None, size: int, most: int = MAX_RANGES) -> tuple[ByteRange, ...] | Unsatisfiable | None:
    """Return the ranges of a file of `size` bytes to send, in the order asked for; None means the whole file.

    `most` is how many ranges are taken; a header with more is ignored.
    """
    match = _RANGE_SET.fullmatch(value.strip()) if value is not None else None
    if match is None or match[1].count(",") >= 4 * most:
        return None
    specs = [spec.strip() for spec in match[1].split(",") if spec.strip()]
    if not 0 < len(specs) <= most:
        return None
    found: list[ByteRange] = []
    for spec in specs:
        parsed = _read_range(spec, size)
        if parsed is None:
            return None
        if parsed.length > 0:
            found.append(parsed)
    return _merged(found) if found else Unsatisfiable(size)


def _read_range(spec: str, size: int) -> ByteRange | None:
    """Return the bytes that one spec names (empty: not satisfiable), or None where it is malformed."""
    match = _RANGE.fullmatch(spec)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return ByteRange(max(0, size - int(match[2])), size)
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    stop = min(size, int(match[2]) + 1) if match[2] else size
    return ByteRange(start, max(start, stop))


def _merged(ranges: list[ByteRange]) -> tuple[ByteRange, ...]:
    """Join what overlaps or adjoins; each joined range stands where the first of its parts stood."""
    merged: list[ByteRange] = []
    for new in ranges:
        joined, first = new, len(merged)
        for index in range(len(merged) - 1, -1, -1):
            old = merged[index]
            if old.start <= joined.stop and joined.start <= old.stop:
                joined, first = ByteRange(min(old.start, joined.start), max(old.stop, joined.stop)), index
                del merged[index]
        merged.insert(first, joined)
    return tuple(merged)


def format_content_range(part: ByteRange, size: int) -> str:
    """Return Content-Range of a part of a file of `size` bytes (RFC 9110 §14.4)."""
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def if_range_holds(value: str | None, etag: str, modified_s: int) -> bool:
    """Return whether Range may be honoured: there is no If-Range, or it names the current content.

    `etag` is the current strong tag without quotes, `modified_s` Last-Modified in unix seconds. A weak tag, an older
    or later date and garbage do not hold (RFC 9110 §13.1.5): the whole file is the safe answer.
    """
    if value is None:
        return True
    tag = read_etag(value.strip())
    if tag is not None:
        return not tag.weak and tag.opaque == etag
    return parse_http_date(value) == modified_s
