"""X-OC-Mtime and X-OC-CTime: when a file was changed or made where it came from (WIRE §3)."""

import re
from decimal import Decimal

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

_UNIX_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{0,20})?")
EARLIEST_S = -62_135_596_800  # 0001-01-01, the first day that HTTP dates and ISO 8601 can write
LATEST_S = 253_402_300_799  # 9999-12-31T23:59:59, the last one


def read_mtime(value: str | None, header: str = "X-OC-Mtime") -> int | None:
    """Return unix time in milliseconds, or None when the header is missing.

    The value is unix seconds, an integer or with decimals (further digits than milliseconds are cut). Raises
    `BadRequest` for anything else, and for times outside the years 1 to 9999.
    """
    if value is None:
        return None
    text = value.strip()
    if not _UNIX_SECONDS.fullmatch(text):
        raise BadRequest(f"{header} is {shown(value)}; it must be a time in unix seconds")
    milliseconds = int(Decimal(text) * 1000)
    if not EARLIEST_S * 1000 <= milliseconds <= LATEST_S * 1000:
        raise BadRequest(f"{header} is {shown(value)}; it must lie within the years 1 to 9999")
    return milliseconds
