"""From an error to the answer that a client gets."""

from davdrive.dav.headers.http_dates import http_date
from davdrive.dav.methods.options import ALLOW
from davdrive.dav.request import Request
from davdrive.dav.response import XML, Response
from davdrive.dav.shown_locks import lock_root_href
from davdrive.dav.status import retry_after_s, verdict_on
from davdrive.dav.xml.errors import error_body
from davdrive.dav.xml.multistatus import multistatus
from davdrive.dav.xml.propstat import status_response
from davdrive.errors import AlreadyExists, DriveError, Locked, NotAllowedHere, NotModified, RangeNotSatisfiable

_TREE_METHODS = {"DELETE", "MOVE", "LOCK"}


def failure(request: Request, error: DriveError) -> Response:
    """The answer for an error: status, precondition element, and a sentence."""
    if isinstance(error, NotModified):
        return Response(304, _validators(error))
    verdict = verdict_on(error)
    hrefs = _hrefs(request, error)
    below = _below(request, error)
    if below:
        return _members_failed(below, verdict.status, verdict.precondition or "", str(error))
    answer = Response(verdict.status, [XML], error_body(str(error), verdict.precondition, hrefs))
    if isinstance(error, (NotAllowedHere, AlreadyExists)):
        answer.headers.append(("Allow", ALLOW))
    if isinstance(error, RangeNotSatisfiable):
        answer.headers.append(("Content-Range", f"bytes */{error.size}"))
    wait = retry_after_s(error)
    if wait is not None:
        answer.headers.append(("Retry-After", str(wait)))
    return answer


def _validators(error: NotModified) -> list[tuple[str, str]]:
    headers = [("Last-Modified", http_date(error.modified_ms // 1000))]
    return [("ETag", f'"{error.etag}"'), *headers] if error.etag else headers


def _hrefs(request: Request, error: DriveError) -> list[str]:
    if not isinstance(error, Locked):
        return []
    return [lock_root_href(request, error.drive, names) for names in error.roots]


def _below(request: Request, error: DriveError) -> list[str]:
    """The locked members below the request's own place: then the answer is a multistatus that names them
    (RFC 4918 §9.6.1, §9.10.6)."""
    target = request.locator.target
    if not isinstance(error, Locked) or target is None or request.method not in _TREE_METHODS:
        return []
    depth = len(target.names)
    inside = [names for names in error.roots if len(names) > depth and names[:depth] == target.names]
    if len(inside) != len(error.roots) or error.drive != target.drive:
        return []
    return [lock_root_href(request, error.drive, names) for names in inside]


def _members_failed(hrefs: list[str], status: int, precondition: str, message: str) -> Response:
    responses = [status_response(href, status, precondition, message) for href in hrefs]
    return Response(207, [XML], b"".join(multistatus(responses)))
