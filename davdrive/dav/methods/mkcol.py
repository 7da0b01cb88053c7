"""MKCOL (RFC 4918 §9.3)."""

from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.methods.written import mtime_accepted
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.mkcol import make_collection
from davdrive.errors import AlreadyExists, UnsupportedBody


def mkcol(request: Request) -> Response:
    """201. A body is refused with 415, since none is defined (§9.3)."""
    if request.has_body():
        raise UnsupportedBody("MKCOL with a body is not understood; send none")
    if request.locator.target is None or request.path.is_root:
        raise AlreadyExists("drives are made with the command davdrive drive create, not with MKCOL")
    modified_ms = read_mtime(request.header("X_OC_MTIME"))
    make_collection(
        request.site.backend, request.caller, request.path, request.conditions, modified_ms, request.deadline
    )
    return Response(201, mtime_accepted(modified_ms))
