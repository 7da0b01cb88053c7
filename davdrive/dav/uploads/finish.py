"""MOVE of `.file`: the chunks become a file."""

from davdrive.dav.headers.checksums import read_declared_digests
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.headers.overwrite import read_overwrite
from davdrive.dav.methods.written import written_headers
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.dav.uploads.place import WHOLE, UploadPlace
from davdrive.drive.put import PutOptions
from davdrive.drive.uploads.complete import complete
from davdrive.errors import NotAllowedHere


def finish(request: Request, place: UploadPlace) -> Response:
    """201 for a new file, 204 for new content of an old one, with the ETag and OC-FileId that sync clients demand.

    Preconditions and lock tokens are of the destination. 412 for one that fails or for a wrong checksum, 400 where
    chunks are missing: the chunks stay, and the MOVE may be sent again.
    """
    if place.member != WHOLE:
        raise NotAllowedHere(f"only {WHOLE} of an upload can be moved")
    options = PutOptions(
        declared_size=read_length(request.header("OC_TOTAL_LENGTH"), "OC-Total-Length"),
        checksums=read_declared_digests(request.environ),
        modified_ms=read_mtime(request.header("X_OC_MTIME")),
        created_ms=read_mtime(request.header("X_OC_CTIME"), "X-OC-CTime"),
    )
    written = complete(
        request.site.backend,
        request.caller,
        place.ref,
        request.locator.destination(request.header("DESTINATION")),
        options,
        request.conditions,
        overwrite=read_overwrite(request.header("OVERWRITE")),
        deadline=request.deadline,
    )
    return Response(201 if written.created else 204, written_headers(written, options.modified_ms))
