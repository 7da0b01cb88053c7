"""PATCH: SabreDAV's partial update, and rclone's wish for a checksum (WIRE §6, §7); and PUT with Content-Range."""

from dataclasses import replace

from davdrive.dav.headers.checksums import HEX_DIGITS, format_oc_checksums, read_digest
from davdrive.dav.headers.content_range import ContentRange
from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.headers.shown import shown
from davdrive.dav.headers.update_range import UPDATE_MEDIA_TYPE, read_update_range
from davdrive.dav.methods.written import written_headers
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.digests import learn_digests
from davdrive.drive.patch import Offset
from davdrive.drive.patch import patch as patch_file
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import stat
from davdrive.errors import BadRequest, BodyMismatch, NotAllowedHere, NotFound, RangeNotSatisfiable, UnsupportedBody


def patch(request: Request) -> Response:
    """204 with the new ETag, for a body of SabreDAV's type; 204 with a checksum where X-Recalculate-Hash asks."""
    if request.path.is_root or request.names_collection:
        raise NotAllowedHere("PATCH is for files")
    wanted = request.header("X_RECALCULATE_HASH")
    if wanted is not None:
        return _recalculate(request, wanted)
    media_type = (request.environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
    if media_type != UPDATE_MEDIA_TYPE:
        raise UnsupportedBody(f"a PATCH has the Content-Type {UPDATE_MEDIA_TYPE} here")
    where = read_update_range(request.header("X_UPDATE_RANGE"))
    return _update(request, where.offset, _options(request))


def put_part(request: Request, part: ContentRange, options: PutOptions) -> Response:
    """PUT with Content-Range: 204, or 201 where the file begins with these bytes."""
    if options.declared_size is not None and options.declared_size != part.length:
        raise BodyMismatch(f"Content-Range names {part.length} bytes and the body has {options.declared_size}")
    if part.first == 0 and not _exists(request):
        return _create(request, replace(options, declared_size=part.length))

    def offset(size: int, length: int | None) -> int:
        if length not in (None, part.length):
            raise BodyMismatch(f"Content-Range names {part.length} bytes and the body has {length}")
        if part.first > size:
            raise RangeNotSatisfiable(f"the update begins at byte {part.first}, after the end of {size}", size)
        return part.first

    return _update(request, offset, _options(request))


def _options(request: Request) -> PutOptions:
    """Checksums of a PATCH are of its body alone, so only Content-Digest can be meant (RFC 9530 §2)."""
    return PutOptions(
        declared_size=request.declared_size,
        checksums=read_digest(request.header("CONTENT_DIGEST"), "Content-Digest"),
        modified_ms=read_mtime(request.header("X_OC_MTIME")),
    )


def _update(request: Request, offset: Offset, options: PutOptions) -> Response:
    backend, caller = request.site.backend, request.caller
    written = patch_file(
        backend, caller, request.path, request.blocks(), offset, options, request.conditions, request.deadline
    )
    return Response(204, written_headers(written, options.modified_ms))


def _exists(request: Request) -> bool:
    try:
        stat(request.site.backend, request.caller, request.path)
    except NotFound:
        return False
    return True


def _create(request: Request, options: PutOptions) -> Response:
    backend, caller = request.site.backend, request.caller
    written = put(backend, caller, request.path, request.blocks(), options, request.conditions, request.deadline)
    return Response(201 if written.created else 204, written_headers(written, options.modified_ms))


def _recalculate(request: Request, wanted: str) -> Response:
    algorithm = wanted.strip().lower().replace("-", "")
    if algorithm not in HEX_DIGITS:
        raise BadRequest(f"X-Recalculate-Hash is {shown(wanted)}; it must be one of {', '.join(sorted(HEX_DIGITS))}")
    known = learn_digests(request.site.backend, request.caller, request.path, (algorithm,), request.deadline)
    return Response(204, [("OC-Checksum", format_oc_checksums({algorithm: known[algorithm]}))])
