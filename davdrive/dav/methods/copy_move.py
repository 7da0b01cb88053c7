"""COPY and MOVE (RFC 4918 §9.8, §9.9): the same headers, and the same answers."""

from davdrive.dav.headers.depth import ZERO_OR_INFINITY, Depth
from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.headers.overwrite import read_overwrite
from davdrive.dav.methods.written import file_id, mtime_accepted
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.drive.copying import copy as copy_resource
from davdrive.drive.move import move as move_resource
from davdrive.drive.transfer import Arrived


def copy(request: Request) -> Response:
    """201 where nothing was, 204 where something was replaced. Depth 0 of a collection copies no members (§9.8.3)."""
    depth = request.depth(Depth.INFINITY, ZERO_OR_INFINITY)
    modified_ms = read_mtime(request.header("X_OC_MTIME"))
    arrived = copy_resource(
        request.site.backend,
        request.caller,
        request.path,
        request.locator.destination(request.header("DESTINATION")),
        overwrite=read_overwrite(request.header("OVERWRITE")),
        infinite=depth is Depth.INFINITY,
        conditions=request.conditions,
        modified_ms=modified_ms,
        deadline=request.deadline,
    )
    return _answer(arrived, modified_ms)


def move(request: Request) -> Response:
    """201 where nothing was, 204 where something was replaced. Depth can only be infinity (§9.9.2)."""
    request.depth(Depth.INFINITY, ZERO_OR_INFINITY)
    modified_ms = read_mtime(request.header("X_OC_MTIME"))
    arrived = move_resource(
        request.site.backend,
        request.caller,
        request.path,
        request.locator.destination(request.header("DESTINATION")),
        overwrite=read_overwrite(request.header("OVERWRITE")),
        conditions=request.conditions,
        modified_ms=modified_ms,
        deadline=request.deadline,
    )
    return _answer(arrived, modified_ms)


def _answer(arrived: Arrived, modified_ms: int | None) -> Response:
    headers = [file_id(arrived.drive_id, arrived.node), *mtime_accepted(modified_ms)]
    if arrived.etag is not None:
        headers.append(("ETag", f'"{arrived.etag}"'))
    return Response(201 if arrived.created else 204, headers)
