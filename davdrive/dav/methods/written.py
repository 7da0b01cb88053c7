"""Headers that answers to writes share."""

from davdrive.dav.file_numbers import file_number
from davdrive.dav.response import Headers
from davdrive.drive.put import Written


def mtime_accepted(modified_ms: int | None) -> Headers:
    """ownCloud's clients want to hear that X-OC-Mtime was applied (WIRE §3)."""
    return [] if modified_ms is None else [("X-OC-MTime", "accepted")]


def file_id(drive_id: int, node: int) -> tuple[str, str]:
    """The OC-FileId header; the same text as the property oc:id."""
    return ("OC-FileId", f"{file_number(drive_id, node):08d}")


def written_headers(written: Written, modified_ms: int | None) -> Headers:
    """What the answer to new content says: its ETag, its file's number, and whether X-OC-Mtime was applied."""
    tag = ("ETag", f'"{written.etag}"')
    return [tag, file_id(written.drive_id, written.node), *mtime_accepted(modified_ms)]
