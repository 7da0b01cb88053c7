"""Bytes of an upload: stored as they come, and the file when they are all there."""

from davdrive.drive.put import PutOptions
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.find import UploadRef, find
from davdrive.errors import Conflict
from davdrive.metadata.tables import PENDING
from davdrive.metadata.uploads import Upload
from davdrive.web.tus.headers import read_checksum
from davdrive.web.tus.request import TusRequest

STREAM = "application/offset+octet-stream"
"""The type of every body that carries bytes of an upload."""

Headers = list[tuple[str, str]]


def receive(request: TusRequest, upload: Upload, offset: int) -> Headers:
    """Append the request's body at `offset`; the headers that tell of it. Errors: those of `append` and `complete`."""
    backend, ref = request.site.backend, UploadRef("", id=upload.id)
    if upload.state == PENDING:
        if request.media_type == STREAM:
            offset = append(
                backend, request.caller, ref, offset, request.body(), deadline=request.deadline,
                checksums=read_checksum(request.header("UPLOAD_CHECKSUM")), declared_size=request.size,
            )  # fmt: skip
    elif offset != upload.received or request.size != 0:
        raise Conflict("this upload is complete already")
    headers = [("Upload-Offset", str(offset))]
    if offset == upload.total:
        written = complete(backend, request.caller, ref, None, PutOptions(), deadline=request.deadline)
        return [*headers, ("ETag", f'"{written.etag}"')]
    return [*headers, request.expires(find(backend, request.caller, ref).upload)]
