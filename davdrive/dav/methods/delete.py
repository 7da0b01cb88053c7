"""DELETE (RFC 4918 §9.6)."""

from davdrive.dav.headers.depth import Depth
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.delete import delete as delete_resource


def delete(request: Request) -> Response:
    """204. Depth is infinity for a collection, and must not say otherwise (§9.6.1)."""
    request.depth(Depth.INFINITY, frozenset((Depth.INFINITY, Depth.ZERO)))
    delete_resource(request.site.backend, request.caller, request.path, request.conditions, request.deadline)
    return Response(204)
