"""OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1)."""

from davdrive.dav.request import Request
from davdrive.dav.response import Headers, Response

ALLOW = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, PATCH, LOCK, UNLOCK"
COMPLIANCE: Headers = [("DAV", "1, 2, 3, sabredav-partialupdate"), ("MS-Author-Via", "DAV"), ("Allow", ALLOW)]


def options(_request: Request | None) -> Response:
    """What the server can do. The same everywhere, so that a client which probes a parent, or a place where nothing
    lives yet, learns that it may lock and write here."""
    return Response(200, [*COMPLIANCE, ("Accept-Ranges", "bytes")])
