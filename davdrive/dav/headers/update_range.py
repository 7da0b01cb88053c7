"""X-Update-Range of SabreDAV's partial update: where a PATCH writes (WIRE §6)."""

import re
from dataclasses import dataclass

from davdrive.dav.headers.shown import shown
from davdrive.errors import BadRequest, RangeNotSatisfiable

UPDATE_MEDIA_TYPE = "application/x-sabredav-partialupdate"
_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UpdateRange:
    """Where a partial update writes: at `first` (to `last`, if given), or `from_end` bytes before the end.

    Appending is `from_end` 0.
    """

    first: int | None = None
    last: int | None = None
    from_end: int = 0

    def offset(self, size: int, length: int | None) -> int:
        """Return the offset in bytes at which a body of `length` bytes goes in a file of `size` bytes.

        A body of unknown length (None) is judged when it has arrived. Raises `BadRequest` when the range and the body
        differ in length, `RangeNotSatisfiable` when the range begins outside of the file.
        """
        if self.first is None:
            if self.from_end > size:
                raise RangeNotSatisfiable(f"the update begins {self.from_end} bytes before the end of {size}", size)
            return size - self.from_end
        if self.first > size:
            raise RangeNotSatisfiable(f"the update begins at byte {self.first}, after the end of {size}", size)
        if None not in (self.last, length) and length != self.length:
            raise BadRequest(f"X-Update-Range is {self.length} bytes long and the body {length}")
        return self.first

    @property
    def length(self) -> int | None:
        """How many bytes the range names; None when it is open."""
        return None if self.first is None or self.last is None else self.last - self.first + 1


def read_update_range(value: str | None) -> UpdateRange:
    """Parse `bytes=a-b`, `bytes=a-`, `bytes=-n` or `append`. Raises `BadRequest` for anything else, or no header."""
    if value is None:
        raise BadRequest("PATCH needs an X-Update-Range header that says where its body goes")
    text = value.strip()
    if text.lower() == "append":
        return UpdateRange()
    match = _RANGE.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise BadRequest(f"X-Update-Range is {shown(value)}; it must be bytes=a-b, bytes=a-, bytes=-n or append")
    if not match[1]:
        return UpdateRange(from_end=int(match[2]))
    wanted = UpdateRange(int(match[1]), int(match[2]) if match[2] else None)
    if wanted.last is not None and wanted.last < (wanted.first or 0):
        raise RangeNotSatisfiable(f"X-Update-Range is {shown(value)}; it ends before it begins")
    return wanted
