"""The Timeout header of LOCK (RFC 4918 §10.7)."""

import re
from dataclasses import dataclass

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest

_SECONDS = re.compile(r"second-([0-9]+)", re.IGNORECASE)
_LONGEST_SENT = 2**32 - 1  # RFC 4918 §10.7: no value is greater
MAX_CHOICES = 16  # a client lists two or three; more only costs time


@dataclass(frozen=True, slots=True)
class TimeoutLimits:
    """Bounds of a lock's life in seconds.

    `default_s` without a header: an hour, twice what davfs2 asks for, so that a short pause loses nothing.
    `longest_s`, also for Infinite: a day; a crashed client blocks others no longer.
    `shortest_s`: a lock must at least survive the round trip of its use.
    """

    default_s: int = 3600
    longest_s: int = 86_400
    shortest_s: int = 5


def read_timeout(value: str | None, limits: TimeoutLimits) -> int:
    """Return for how many seconds a lock is granted: the client's first choice, within `limits`.

    Values of other forms in a list are passed over, as "the server may ignore" (RFC 4918 §10.7). Raises `BadRequest`
    when no choice in the header is of a known form.
    """
    if value is None:
        return limits.default_s
    for choice in value.split(",", MAX_CHOICES)[:MAX_CHOICES]:
        wished_s = _wished_seconds(choice.strip(), limits)
        if wished_s is not None:
            return max(limits.shortest_s, min(wished_s, limits.longest_s))
    raise BadRequest(f"Timeout is {shown(value)}; it must be Second- and a number, or Infinite")


def _wished_seconds(choice: str, limits: TimeoutLimits) -> int | None:
    if choice.lower() == "infinite":
        return limits.longest_s
    match = _SECONDS.fullmatch(choice)
    if match is None:
        return None
    digits = match[1].lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(_LONGEST_SENT)) else _LONGEST_SENT
