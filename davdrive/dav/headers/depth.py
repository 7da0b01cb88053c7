"""The Depth header (RFC 4918 §10.2)."""

from collections.abc import Collection
from enum import Enum

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest


class Depth(Enum):
    """How far below its URL a request reaches; the value is the header's."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


ANY_DEPTH = frozenset(Depth)
ZERO_OR_INFINITY = frozenset((Depth.ZERO, Depth.INFINITY))


def read_depth(value: str | None, default: Depth, allowed: Collection[Depth] = ANY_DEPTH) -> Depth:
    """Parse Depth.

    `default` is what the method takes when the header is missing (RFC 4918 §9.1, §9.6.1, §9.8.3, §9.9.2, §9.10.3),
    `allowed` the values that the method knows. Raises `BadRequest` for anything else. "Infinity" in any case is
    taken, as the RFC's ABNF strings are (RFC 5234 §2.3).
    """
    if value is None:
        return default
    try:
        depth = Depth(value.strip().lower())
    except ValueError:
        raise BadRequest(f"Depth is {shown(value)}; it must be 0, 1 or infinity") from None
    if depth not in allowed:
        names = " or ".join(sorted(each.value for each in allowed))
        raise BadRequest(f"Depth is {depth.value}; this method takes {names}")
    return depth
