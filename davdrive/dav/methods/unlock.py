"""UNLOCK (RFC 4918 §9.11)."""

from davdrive.dav.headers.lock_token import read_lock_token
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.unlock import unlock as release_lock


def unlock(request: Request) -> Response:
    """204."""
    token = read_lock_token(request.header("LOCK_TOKEN"))
    release_lock(request.site.backend, request.caller, request.path, token, request.deadline)
    return Response(204)
