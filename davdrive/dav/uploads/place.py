"""URLs of chunked uploads: `/remote.php/dav/uploads/<drive>/<upload>/<chunk>`.

Nextcloud has a user's name where we have a drive's; they are the same for a user's own drive, and rclone puts there
whatever follows `files/` in its URL.
"""

import re
from dataclasses import dataclass

from davdrive.dav.urls import below_prefix, decode_names, encode_name
from davdrive.drive.names import check_name
from davdrive.drive.uploads.find import UploadRef
from davdrive.errors import BadName, NotFound

MOUNT = "/remote.php/dav/uploads"
WHOLE = ".file"
"""The member whose MOVE completes an upload."""

_CHUNK = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19}))?")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChunkName:
    """A chunk's name: a number with any zero padding, or its first and last byte (`length` then is known)."""

    text: str
    number: int
    length: int | None


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """What a URL names: the uploads of a drive, with `upload` one of them, with `member` a chunk or `.file` in it."""

    drive: str
    upload: str | None = None
    member: str | None = None

    @property
    def ref(self) -> UploadRef:
        """Errors: NotFound for the collection of all uploads."""
        if self.upload is None:
            raise NotFound("this is the collection of your uploads; name one of them")
        return UploadRef(self.drive, self.upload)

    def href(self, prefix: str) -> str:
        """The href of the collection, with its trailing slash."""
        names = [self.drive] if self.upload is None else [self.drive, self.upload]
        return "/".join((prefix + MOUNT, *map(encode_name, names), ""))


def read_upload_place(raw: str) -> UploadPlace | None:
    """The place that a raw path names, None where it is not below the uploads. Errors: BadName, NotFound."""
    rest = below_prefix(raw, MOUNT)
    if rest is None:
        return None
    names = [check_name(name) for name in decode_names(rest)]
    if not 1 <= len(names) <= 3:
        raise NotFound("an upload is at /remote.php/dav/uploads/, a drive's name, / and a name for the upload")
    return UploadPlace(*names)


def read_chunk_name(member: str) -> ChunkName:
    """Errors: BadName."""
    match = _CHUNK.fullmatch(member)
    first = int(match[1]) if match else 0
    last = int(match[2]) if match and match[2] else None
    if match is None or max(first, last or 0) > _LARGEST or (last is not None and last < first):
        raise BadName("a chunk is called by its number, or by its first and last byte with - between")
    return ChunkName(member, first, None if last is None else last - first + 1)
