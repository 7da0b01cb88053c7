"""A DriveError as an answer: status, headers and body."""

from typing import NamedTuple

from davdrive.dav.headers.etags import format_etag
from davdrive.dav.headers.http_dates import http_date
from davdrive.dav.status import retry_after_s, verdict_on
from davdrive.dav.urls import path_href
from davdrive.dav.xml.errors import error_body
from davdrive.dav.xml.multistatus import CONTENT_TYPE
from davdrive.drive.conditions import EntityTag
from davdrive.drive.names import DrivePath
from davdrive.errors import DriveError, Locked, NotModified

UNFORESEEN = "the server met an error that it did not foresee; its log says more"


class ErrorAnswer(NamedTuple):
    """What to send. `line` is the status line as WSGI takes it; `headers` have Content-Length unless it is a 304."""

    status: int
    line: str
    headers: list[tuple[str, str]]
    body: bytes


def error_answer(error: BaseException, prefix: str = "") -> ErrorAnswer:
    """Return the answer to an error. `prefix` is the mount prefix that hrefs begin with.

    Only a `DriveError` speaks for itself; of any other kind the client learns nothing. Allow of a 405 is the
    method's to add.
    """
    verdict = verdict_on(error)
    if isinstance(error, NotModified):
        return ErrorAnswer(verdict.status, verdict.line, _validators(error), b"")
    message = str(error) if isinstance(error, DriveError) else UNFORESEEN
    body = error_body(message, verdict.precondition, _lock_roots(error, prefix))
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
    wait_s = retry_after_s(error)
    if wait_s is not None:
        headers.append(("Retry-After", str(wait_s)))
    return ErrorAnswer(verdict.status, verdict.line, headers, body)


def _validators(error: NotModified) -> list[tuple[str, str]]:
    """A 304 carries the validators of the 200 that it stands for (RFC 9110 §15.4.5)."""
    headers = [("ETag", format_etag(EntityTag(error.etag)))] if error.etag else []
    if error.modified_ms:
        headers.append(("Last-Modified", http_date(error.modified_ms // 1000)))
    return headers


def _lock_roots(error: BaseException, prefix: str) -> list[str]:
    """The URLs of the locks in the way (RFC 4918 §16, lock-token-submitted and no-conflicting-lock)."""
    if not isinstance(error, Locked):
        return []
    return [path_href(DrivePath(error.drive, root), False, prefix) for root in error.roots]
