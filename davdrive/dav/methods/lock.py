"""LOCK (RFC 4918 §9.10)."""

from davdrive.dav.headers.depth import ZERO_OR_INFINITY, Depth
from davdrive.dav.headers.timeout import read_timeout
from davdrive.dav.request import Request
from davdrive.dav.response import XML, Response
from davdrive.dav.shown_locks import active_lock
from davdrive.dav.xml.active_lock import lock_answer
from davdrive.dav.xml.lockinfo import parse_lockinfo
from davdrive.drive.lock import Locking, LockRequest
from davdrive.drive.lock import lock as take_lock
from davdrive.drive.unlock import refresh
from davdrive.errors import BadRequest


def lock(request: Request) -> Response:
    """200 for a lock on what is there or a refreshed one, 201 where the path was unmapped and is an empty file now.

    An empty body refreshes the lock whose token is in the If header (§9.10.2).
    """
    options = request.site.options
    info = parse_lockinfo(
        request.small_body(options.xml.bytes), options.xml, request.site.backend.limits.lock_owner_bytes
    )
    timeout_s = read_timeout(request.header("TIMEOUT"), options.lock_timeouts)
    if info is None:
        return _refresh(request, timeout_s)
    depth = request.depth(Depth.INFINITY, ZERO_OR_INFINITY)
    wanted = LockRequest(info.exclusive, depth is Depth.INFINITY, info.owner_xml, timeout_s)
    locking = take_lock(
        request.site.backend, request.caller, request.path, wanted, request.conditions, request.deadline
    )
    answer = _answer(request, locking)
    answer.headers.append(("Lock-Token", f"<{locking.lock.token}>"))
    return answer


def _refresh(request: Request, timeout_s: int) -> Response:
    if not request.conditions.tokens:
        raise BadRequest("LOCK without a body refreshes a lock; name its token in the If header")
    return _answer(
        request,
        refresh(request.site.backend, request.caller, request.path, request.conditions, timeout_s, request.deadline),
    )


def _answer(request: Request, locking: Locking) -> Response:
    shown = active_lock(request, request.path.drive, locking.lock, locking.now_ms, locking.kind)
    return Response(201 if locking.created else 200, [XML], lock_answer([shown]))
