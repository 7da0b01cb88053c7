"""Headers that announce a length in bytes: X-Expected-Entity-Length, OC-Total-Length, OC-Chunk-Offset, …"""

import re

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

LONGEST = 2**63 - 1  # what the databases can hold
_DIGITS = re.compile(r"[0-9]{1,19}")


def read_length(value: str | None, header: str) -> int | None:
    """Return the number of bytes that `header` announces, or None when it is missing.

    Raises `BadRequest` for anything but a plain decimal number up to 2^63-1 (no sign, no blank inside).
    """
    if value is None:
        return None
    digits = value.strip()
    if not _DIGITS.fullmatch(digits) or int(digits) > LONGEST:
        raise BadRequest(f"{header} is {shown(value)}; it must be a number of bytes")
    return int(digits)
