"""The Destination header of COPY and MOVE (RFC 4918 §10.3)."""

from davdrive.dav.headers.own_urls import OwnUrls
from davdrive.dav.headers.shown import shown
from davdrive.drive.names import DrivePath
from davdrive.errors import BadRequest, ElsewhereDestination, Forbidden


def read_destination(value: str | None, own: OwnUrls) -> DrivePath:
    """Return the place that Destination names: an absolute URL of this server, or an absolute path on it.

    Raises `BadRequest` where it is missing, empty or malformed, `ElsewhereDestination` where it is on another server
    (RFC 4918 §9.8.5: 502), `Forbidden` where it is above all drives.
    """
    raw = raw_destination(value, own)
    place = own.resolve(str(value).strip())
    if place is None:
        raise Forbidden(f"Destination {shown(raw)} is not inside a drive; begin it with /, a drive's name and /")
    return place


def raw_destination(value: str | None, own: OwnUrls) -> str:
    """Return the raw path that Destination names on this server, for what is not a drive; errors as above."""
    if value is None or not value.strip():
        raise BadRequest("COPY and MOVE need a Destination header with the URL of the new place")
    raw = own.raw_path(value.strip())
    if raw is None:
        raise ElsewhereDestination(
            f"Destination {shown(value)} is not on this server as it was addressed; if a proxy stands between, "
            "add the address that clients use to the public URLs in the settings"
        )
    return raw
