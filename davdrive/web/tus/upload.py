"""HEAD, PATCH and DELETE of an upload's own URL."""

from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.find import details_of, find
from davdrive.drive.uploads.state import Event, after
from davdrive.errors import BadRequest, UnsupportedBody
from davdrive.metadata.tables import ABORTED, PENDING
from davdrive.web.tus.headers import read_number
from davdrive.web.tus.receive import STREAM, receive
from davdrive.web.tus.request import TusRequest
from davdrive.web.tus.site import TusAnswer


def look(request: TusRequest) -> TusAnswer:
    """HEAD: how far the upload came. 410 for one that was given up or expired."""
    upload = find(request.site.backend, request.caller, request.ref()).upload
    if upload.state == ABORTED:
        after(upload.state, Event.PART)
    headers = [("Upload-Offset", str(upload.received)), ("Cache-Control", "no-store")]
    if upload.total is not None:
        headers.append(("Upload-Length", str(upload.total)))
    metadata = details_of(upload).metadata
    if metadata:
        headers.append(("Upload-Metadata", metadata))
    if upload.state == PENDING:
        headers.append(request.expires(upload))
    return TusAnswer("200 OK", headers)


def patch(request: TusRequest) -> TusAnswer:
    """PATCH: 204 with the new offset, and with the file's ETag when it is whole; 409 for another offset."""
    if request.media_type != STREAM:
        raise UnsupportedBody(f"PATCH has the Content-Type {STREAM} here")
    offset = read_number(request.environ, "Upload-Offset")
    if offset is None:
        raise BadRequest("Upload-Offset is missing; it says where the bytes of a PATCH go")
    upload = find(request.site.backend, request.caller, request.ref()).upload
    if upload.state == ABORTED:
        after(upload.state, Event.PART)
    return TusAnswer("204 No Content", receive(request, upload, offset))


def delete(request: TusRequest) -> TusAnswer:
    """DELETE: 204, and the upload is gone."""
    abort(request.site.backend, request.caller, request.ref(), request.deadline)
    return TusAnswer("204 No Content")
