"""PUT (RFC 9110 §9.3.4, RFC 4918 §9.7)."""

from davdrive.dav.headers.checksums import read_declared_digests
from davdrive.dav.headers.content_range import read_content_range, refuse_content_range
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.media_types import declared_media_type
from davdrive.dav.methods.patch import put_part
from davdrive.dav.methods.written import written_headers
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, foresee_put
from davdrive.drive.put import put as put_file
from davdrive.errors import BodyMismatch, NotAllowedHere


def put(request: Request) -> Response:
    """201 for a new file, 204 for new content of an old one, with the ETag that a later If-Match may name."""
    path = request.path
    if path.is_root or request.names_collection:
        raise NotAllowedHere("PUT is for files; make a collection with MKCOL")
    if not request.site.options.partial_put:
        refuse_content_range(request.header("CONTENT_RANGE"))
    options = _options(request)
    part = read_content_range(request.header("CONTENT_RANGE"))
    if part is not None:
        return put_part(request, part, options)
    _look_ahead(request, path)
    written = put_file(
        request.site.backend, request.caller, path, request.blocks(), options, request.conditions, request.deadline
    )
    return Response(201 if written.created else 204, written_headers(written, options.modified_ms))


def _options(request: Request) -> PutOptions:
    return PutOptions(
        media_type=declared_media_type(request.environ.get("CONTENT_TYPE")),
        declared_size=_declared_size(request),
        checksums=read_declared_digests(request.environ),
        modified_ms=read_mtime(request.header("X_OC_MTIME")),
        created_ms=read_mtime(request.header("X_OC_CTIME"), "X-OC-CTime"),
    )


def _declared_size(request: Request) -> int | None:
    """Content-Length, or what Finder says beside a chunked body (WIRE §7)."""
    expected = read_length(request.header("X_EXPECTED_ENTITY_LENGTH"), "X-Expected-Entity-Length")
    size = request.declared_size
    if expected is not None and size is not None and expected != size:
        raise BodyMismatch("X-Expected-Entity-Length is not the Content-Length")
    return expected if size is None else size


def _look_ahead(request: Request, path: DrivePath) -> None:
    """Refuse a large body before it is sent; a small one is here already, and the transaction will judge it."""
    size = _declared_size(request)
    waits = request.header("EXPECT") is not None
    if waits or size is None or size > request.site.backend.contents.inline_bytes:
        foresee_put(request.site.backend, request.caller, path, size, request.conditions)
