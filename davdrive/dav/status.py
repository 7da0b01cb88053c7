"""The one table from what can go wrong in a drive to what HTTP says about it.

Every kind of `DriveError` finds its own row or that of its nearest base. A precondition is the name of the element in
the DAV: namespace that says more than the status does (RFC 4918 §16, RFC 4331 §6).
"""

from http import HTTPStatus
from typing import NamedTuple

from davdrive import errors

RETRY_AFTER_S = 5  # for errors that are over soon and do not say when themselves


class Verdict(NamedTuple):
    """What a client is told: the status, and where there is one the precondition that failed."""

    status: int
    precondition: str | None = None
    retry: bool = False

    @property
    def line(self) -> str:
        """Status code and reason, as WSGI takes them: `423 Locked`."""
        return status_line(self.status)


LAST_RESORT = Verdict(500)
VERDICTS: dict[type[BaseException], Verdict] = {
    errors.NotModified: Verdict(304),
    errors.BadRequest: Verdict(400),
    errors.EntitiesRefused: Verdict(400, "no-external-entities"),
    errors.Forbidden: Verdict(403),
    errors.InfiniteDepthRefused: Verdict(403, "propfind-finite-depth"),
    errors.ProtectedProperty: Verdict(403, "cannot-modify-protected-property"),
    errors.NotFound: Verdict(404),
    errors.Gone: Verdict(410),
    errors.AlreadyExists: Verdict(405, "resource-must-be-null"),
    errors.NotAllowedHere: Verdict(405),
    errors.ParentMissing: Verdict(409),
    errors.Conflict: Verdict(409),
    errors.LockTokenMismatch: Verdict(409, "lock-token-matches-request-uri"),
    errors.PreconditionFailed: Verdict(412),
    # 400 would do as well; sync clients start a failed upload again after 412 (WIRE §4).
    errors.ChecksumMismatch: Verdict(412),
    errors.TooLarge: Verdict(413),
    errors.UnsupportedBody: Verdict(415),
    errors.RangeNotSatisfiable: Verdict(416),
    errors.Locked: Verdict(423, "lock-token-submitted"),
    errors.LockConflict: Verdict(423, "no-conflicting-lock"),
    errors.UnknownMethod: Verdict(501),
    errors.ElsewhereDestination: Verdict(502),
    errors.TooManyRequests: Verdict(429, retry=True),
    errors.Unavailable: Verdict(503, retry=True),
    errors.Cancelled: Verdict(503, retry=True),
    # Not 500: what is stored is damaged, the server is not, and another try may meet a repaired store.
    errors.Damaged: Verdict(503, retry=True),
    errors.QuotaExceeded: Verdict(507, "quota-not-exceeded"),
    errors.StorageFull: Verdict(507, "sufficient-disk-space"),
}


def verdict_on(error: BaseException | type[BaseException]) -> Verdict:
    """Return the row for an error or its kind: its own, or its nearest base's; 500 for what nobody foresaw."""
    kind = error if isinstance(error, type) else type(error)
    return next((VERDICTS[base] for base in kind.__mro__ if base in VERDICTS), LAST_RESORT)


def retry_after_s(error: BaseException) -> int | None:
    """Return for how many seconds a client should wait before it tries again, or None where that would not help."""
    if not verdict_on(error).retry:
        return None
    return error.retry_after_s if isinstance(error, errors.Unavailable) else RETRY_AFTER_S


def status_line(status: int) -> str:
    """Return `404 Not Found` for 404."""
    return f"{status} {_REASONS.get(status, 'Unknown')}"


_REASONS = {status.value: status.phrase for status in HTTPStatus}
