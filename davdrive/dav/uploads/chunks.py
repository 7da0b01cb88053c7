"""PUT and DELETE of a chunk."""

from davdrive.dav.headers.checksums import read_declared_digests
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.dav.uploads.place import UploadPlace, read_chunk_name
from davdrive.drive.uploads.abort import drop_part
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.errors import BodyMismatch

ETAG_BYTES = 12
"""Of the SHA-256 that a chunk's ETag is made from: enough to tell chunks apart."""


def put_chunk(request: Request, place: UploadPlace) -> Response:
    """201 for a new chunk, 204 for one that came again. The total that a client declares is judged before the first
    byte is read (507)."""
    name, size = read_chunk_name(place.member or ""), request.declared_size
    if None not in (size, name.length) and size != name.length:
        raise BodyMismatch(f"the chunk's name says {name.length} bytes, and the body has {size}")
    options = PartOptions(
        declared_size=size,
        total=read_length(request.header("OC_TOTAL_LENGTH"), "OC-Total-Length"),
        checksums=read_declared_digests(request.environ),
    )
    stored = add_part(
        request.site.backend, request.caller, place.ref, name.number, name.text, request.blocks(), options,
        request.deadline,
    )  # fmt: skip
    return Response(201 if stored.created else 204, [("ETag", f'"{stored.part.sha256[:ETAG_BYTES].hex()}"')])


def delete_chunk(request: Request, place: UploadPlace) -> Response:
    """204."""
    name = read_chunk_name(place.member or "")
    drop_part(request.site.backend, request.caller, place.ref, name.number, request.deadline)
    return Response(204)
