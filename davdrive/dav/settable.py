"""Properties that stand for times: clients set them with PROPPATCH, and the resource's own times follow."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from davdrive.dav.headers.http_dates import parse_http_date
from davdrive.dav.xml.names import DAV, OC, WIN32, PropertyName
from davdrive.dav.xml.proppatch import PropertyChange
from davdrive.errors import BadRequest

LAST_MODIFIED = PropertyName(DAV, "lastmodified")
"""What rclone sets to a unix time (WIRE §3); not getlastmodified, which is protected."""
CHECKSUMS = PropertyName(OC, "checksums")
"""rclone sends what it knows of them along with a new time, and takes a refusal of one for a refusal of both."""
WIN32_LAST_MODIFIED = PropertyName(WIN32, "Win32LastModifiedTime")
WIN32_CREATION = PropertyName(WIN32, "Win32CreationTime")
MOST_UNIX_S = 253_402_300_799
"""The end of the year 9999: no date format here goes further."""


class Times(NamedTuple):
    """Unix milliseconds, None where nothing sets them."""

    modified_ms: int | None = None
    created_ms: int | None = None


def is_ignored(name: PropertyName) -> bool:
    """Whether a property is accepted and not kept: a time of the resource is all that it is, or the server computes it
    from the bytes and keeps its own."""
    return name in (LAST_MODIFIED, CHECKSUMS)


def times_of(changes: Sequence[PropertyChange]) -> Times:
    """The times that the instructions set, the last one winning. Errors: BadRequest for a time that is none."""
    modified_ms, created_ms = None, None
    for change in changes:
        if change.removes:
            continue
        if change.name == LAST_MODIFIED:
            modified_ms = _unix_ms(change.text)
        elif change.name == WIN32_LAST_MODIFIED:
            modified_ms = _http_ms(change.text, modified_ms)
        elif change.name == WIN32_CREATION:
            created_ms = _http_ms(change.text, created_ms)
    return Times(modified_ms, created_ms)


def _unix_ms(text: str) -> int:
    try:
        seconds = float(text.strip())
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MOST_UNIX_S:
        raise BadRequest("lastmodified must be a unix time in seconds")
    return int(seconds * 1000)


def _http_ms(text: str, otherwise: int | None) -> int | None:
    """Windows sends RFC 1123 dates; anything else is kept as a property and moves no time."""
    seconds = parse_http_date(text.strip())
    return otherwise if seconds is None else max(0, seconds) * 1000
