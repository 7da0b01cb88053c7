"""POST to a collection: a new upload, perhaps with its first bytes (creation, creation-with-upload)."""

from davdrive.drive.conditions import AnyTag, Conditions
from davdrive.drive.names import check_path
from davdrive.drive.put import foresee_put
from davdrive.drive.uploads.begin import begin
from davdrive.errors import BadRequest, TooLarge
from davdrive.web.tus.headers import read_details, read_metadata, read_number
from davdrive.web.tus.receive import STREAM, receive
from davdrive.web.tus.request import TusRequest
from davdrive.web.tus.site import TusAnswer


def create(request: TusRequest) -> TusAnswer:
    """201 with the Location of the upload. The file's name comes in the metadata, as `filename`.

    The conditions of this request hold for the moment at which the upload completes.
    """
    total = _total(request)
    raw = request.header("UPLOAD_METADATA")
    metadata = read_metadata(raw)
    name = metadata.get("filename") or metadata.get("name")
    if not name:
        raise BadRequest("Upload-Metadata must have a filename")
    collection, backend = request.collection(), request.site.backend
    path = check_path(collection.drive, (*collection.names, name))
    conditions = request.site.conditions(request.environ)
    foresee_put(backend, request.caller, path, total, conditions)
    details = read_details(raw, metadata, _expected(conditions))
    upload = begin(backend, request.caller, path.drive, path=path, total=total, details=details)
    headers = [("Location", request.location(path.drive, upload)), request.expires(upload)]
    if total == 0 or request.media_type == STREAM:
        headers += receive(request, upload, 0)
    return TusAnswer("201 Created", headers)


def _total(request: TusRequest) -> int:
    total = read_number(request.environ, "Upload-Length")
    if total is None:
        raise BadRequest("Upload-Length is missing; this server wants to know it at the beginning")
    if total > request.site.backend.limits.file_bytes:
        raise TooLarge(f"a file may have at most {request.site.backend.limits.file_bytes} bytes here")
    return total


def _expected(conditions: Conditions) -> str | None:
    """What must live at the place when the upload completes: the ETag of If-Match, nothing for If-None-Match: *."""
    if isinstance(conditions.if_none_match, AnyTag):
        return ""
    tags = conditions.if_match
    return tags[0].opaque if isinstance(tags, tuple) and len(tags) == 1 else None
