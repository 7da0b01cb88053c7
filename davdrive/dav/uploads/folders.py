"""MKCOL, DELETE and PROPFIND of an upload's folder."""

from collections.abc import Iterator

from davdrive.dav.headers.depth import Depth
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.methods.propfind import answer_rows
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.dav.uploads.chunks import ETAG_BYTES
from davdrive.dav.uploads.place import UploadPlace
from davdrive.dav.urls import encode_name
from davdrive.dav.xml.row import ResourceRow
from davdrive.dav.xml.row_plan import RowPlan
from davdrive.drive.names import DrivePath
from davdrive.drive.read import drive_of
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.find import find, list_parts, list_uploads
from davdrive.errors import NotFound, UnsupportedBody
from davdrive.metadata.parts import Part
from davdrive.metadata.tables import PENDING
from davdrive.metadata.uploads import Upload

_PERMISSIONS = "GDNVW"


def make_folder(request: Request, place: UploadPlace) -> Response:
    """201 for a new upload, 405 where one of that name is under way."""
    if request.has_body():
        raise UnsupportedBody("MKCOL with a body is not understood; send none")
    destination = request.header("DESTINATION")
    begin(
        request.site.backend,
        request.caller,
        place.drive,
        name=place.ref.name,
        path=None if destination is None else request.locator.destination(destination),
        total=read_length(request.header("OC_TOTAL_LENGTH"), "OC-Total-Length"),
        deadline=request.deadline,
    )
    return Response(201)


def delete_folder(request: Request, place: UploadPlace) -> Response:
    """204. An upload that is complete has no folder any more."""
    _pending(request, place)
    abort(request.site.backend, request.caller, place.ref, request.deadline)
    return Response(204)


def list_folder(request: Request, place: UploadPlace) -> Response:
    """207 with the chunks that are durable, as files; a client that resumes sends the others."""

    def rows(request: Request, _plan: RowPlan, depth: Depth) -> Iterator[ResourceRow]:
        if place.upload is None:
            drive_of(request.site.backend, request.caller, DrivePath(place.drive))
            return _upload_rows(request, place, depth)
        return _chunk_rows(request, place, _pending(request, place), depth)

    return answer_rows(request, rows)


def _pending(request: Request, place: UploadPlace) -> Upload:
    found = find(request.site.backend, request.caller, place.ref).upload
    if found.state != PENDING:
        raise NotFound("this upload has ended")
    return found


def _upload_rows(request: Request, place: UploadPlace, depth: Depth) -> Iterator[ResourceRow]:
    href = place.href(_prefix(request))
    yield _folder(href, "uploads", 0, 0)
    if depth is not Depth.ZERO:
        for each in list_uploads(request.site.backend, request.caller, place.drive):
            name = each.name or ""
            yield _folder(href + encode_name(name) + "/", name, each.active_ms, each.created_ms)


def _chunk_rows(request: Request, place: UploadPlace, upload: Upload, depth: Depth) -> Iterator[ResourceRow]:
    href = place.href(_prefix(request))
    yield _folder(href, place.upload or "", upload.active_ms, upload.created_ms)
    if depth is not Depth.ZERO:
        for part in list_parts(request.site.backend, upload):
            yield _chunk(href + encode_name(part.name), part, upload)


def _folder(href: str, name: str, modified_ms: int, created_ms: int) -> ResourceRow:
    return ResourceRow(href, name, True, None, None, None, modified_ms, created_ms, 0, _PERMISSIONS)


def _chunk(href: str, part: Part, upload: Upload) -> ResourceRow:
    etag = part.sha256[:ETAG_BYTES].hex()
    return ResourceRow(
        href, part.name, False, part.size, etag, None, upload.active_ms, upload.created_ms, 0, _PERMISSIONS
    )


def _prefix(request: Request) -> str:
    """What hrefs begin with before our own paths (a proxy's mount)."""
    return request.locator.root_href.rstrip("/")
