"""The Overwrite header (RFC 4918 §10.6)."""

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest


def read_overwrite(value: str | None) -> bool:
    """Return whether COPY or MOVE may replace what lives at its destination.

    A missing header means yes (RFC 4918 §10.6). Raises `BadRequest` for anything but T and F.
    """
    match None if value is None else value.strip().upper():
        case None | "T":
            return True
        case "F":
            return False
    raise BadRequest(f"Overwrite is {shown(value or '')}; it must be T or F")
