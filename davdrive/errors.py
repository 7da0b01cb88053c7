"""What can go wrong in a drive, by kind. No HTTP here: `davdrive.dav.status` is the one table to statuses.

A message names what was asked, what is wrong and what to do about it; it never names a path of the server.
"""

from collections.abc import Sequence


class DriveError(Exception):
    """Base of every error that a caller of davdrive may see."""


class BadRequest(DriveError):
    """The request itself is malformed (a header, a body, a combination of both)."""


class BadName(BadRequest):
    """A name or path that no drive can hold: control characters, dot segments, too long, too deep."""


class BodyMismatch(BadRequest):
    """The body is shorter or longer than it was declared to be."""


class EntitiesRefused(BadRequest):
    """An XML body declares a document type or entities (RFC 4918 §16 no-external-entities, §20.6)."""


class UnsupportedBody(DriveError):
    """The body is of a type that the method does not understand (RFC 4918 §9.3: MKCOL with a body)."""


class RangeNotSatisfiable(DriveError):
    """A partial read or update names bytes that the file does not have. `size` is what it has, in bytes."""

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class UnknownMethod(DriveError):
    """A method that no resource here knows."""


class ChecksumMismatch(DriveError):
    """The bytes that came do not have the checksum that the client declared."""


class TooLarge(DriveError):
    """A body or a part of it is over its limit."""


class NotFound(DriveError):
    """Nothing lives at that path, or the caller may not know that something does."""


class ParentMissing(DriveError):
    """The collection that should hold the new member does not exist (RFC 4918 §9.3.1, §9.7.1)."""


class AlreadyExists(DriveError):
    """Something lives at that path already."""


class Gone(NotFound):
    """It was here and is not any more, for good: an upload that was aborted or that expired."""


class Conflict(DriveError):
    """Somebody else's request came first, or what came does not go on where the last one ended: look again."""


class NotAllowedHere(DriveError):
    """The method does not fit the kind of resource that lives at the path."""


class Forbidden(DriveError):
    """The caller's role, or a rule of the tree, does not permit the change."""


class ElsewhereDestination(DriveError):
    """The Destination is on another server than the one that was asked (RFC 4918 §9.8.5, §9.9.4)."""


class InfiniteDepthRefused(Forbidden):
    """PROPFIND with Depth: infinity where the settings do not allow it (RFC 4918 §9.1.1, propfind-finite-depth)."""


class ProtectedProperty(Forbidden):
    """PROPPATCH of a property that the server alone computes (RFC 4918 §16, cannot-modify-protected-property)."""


class PreconditionFailed(DriveError):
    """If, If-Match, If-None-Match, If-Unmodified-Since or Overwrite did not hold at commit time."""


class NotModified(DriveError):
    """If-None-Match or If-Modified-Since holds for a read: the client has this content already."""

    def __init__(self, message: str, etag: str = "", modified_ms: int = 0) -> None:
        super().__init__(message)
        self.etag = etag
        self.modified_ms = modified_ms


class Locked(DriveError):
    """A lock whose token was not submitted by its holder stands in the way (RFC 4918 §11.3).

    `roots` are the lock roots in the way, each a path of names below the drive's root.
    """

    def __init__(self, message: str, drive: str = "", roots: Sequence[tuple[str, ...]] = ()) -> None:
        super().__init__(message)
        self.drive = drive
        self.roots = tuple(roots)


class LockConflict(Locked):
    """A new lock is not compatible with the locks at `roots` (RFC 4918 §9.10.6, no-conflicting-lock)."""


class LockTokenMismatch(DriveError):
    """The token names no lock whose scope holds the request's path (RFC 4918 §9.11.1)."""


class QuotaExceeded(DriveError):
    """The change would take the drive over its quota (RFC 4331 §6)."""


class StorageFull(DriveError):
    """The database or the object store has no room left."""


class Unavailable(DriveError):
    """Something the drive needs is away for now. `retry_after_s` says when to come again."""

    def __init__(self, message: str, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(Unavailable):
    """The metadata went away while it was committing: the change took place, or will yet, or not at all."""


class Misconfigured(Unavailable):
    """A database or store refuses davdrive as it is configured (no such bucket, a wrong key): waiting does not help."""


class Strangers(Misconfigured):
    """The metadata and the object store do not belong together: one of them is another davdrive's."""


class TooManyRequests(Unavailable):
    """The caller asks too much or guesses passwords. `retry_after_s` says when to come again."""


class Cancelled(DriveError):
    """The client went away, the deadline passed, or the server is stopping: the work below was given up."""


class Damaged(DriveError):
    """Stored bytes are missing or do not match their checksum."""
