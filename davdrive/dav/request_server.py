"""davdrive's own request server: the last WSGI application of the stack, one file a method."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from davdrive.dav.failures import failure
from davdrive.dav.methods.copy_move import copy, move
from davdrive.dav.methods.delete import delete
from davdrive.dav.methods.get import get
from davdrive.dav.methods.lock import lock
from davdrive.dav.methods.mkcol import mkcol
from davdrive.dav.methods.options import ALLOW, options
from davdrive.dav.methods.patch import patch
from davdrive.dav.methods.propfind import propfind
from davdrive.dav.methods.proppatch import proppatch
from davdrive.dav.methods.put import put
from davdrive.dav.methods.unlock import unlock
from davdrive.dav.request import Request
from davdrive.dav.response import XML, Response
from davdrive.dav.xml.errors import error_body
from davdrive.errors import DriveError

LOG = logging.getLogger("davdrive.dav")

METHODS: Mapping[str, Callable[[Request], Response]] = {
    "OPTIONS": options,
    "GET": get,
    "HEAD": get,
    "PUT": put,
    "DELETE": delete,
    "MKCOL": mkcol,
    "COPY": copy,
    "MOVE": move,
    "PROPFIND": propfind,
    "PROPPATCH": proppatch,
    "PATCH": patch,
    "LOCK": lock,
    "UNLOCK": unlock,
}
_KNOWN_ELSEWHERE = {"POST", "TRACE", "REPORT", "SEARCH", "ACL", "BIND", "CONNECT", "MKCALENDAR"}

StartResponse = Callable[..., Any]


def answer(request: Request) -> Response:
    """Do what the request asks. Every error becomes an answer; a bug becomes a 500 without a traceback."""
    method = METHODS.get(request.method)
    if method is None:
        return _unknown(request.method)
    try:
        return method(request)
    except DriveError as error:
        return failure(request, error)


def _unknown(method: str) -> Response:
    """405 for methods of other protocols, 501 for what nobody knows (RFC 9110 §9.1)."""
    body = error_body(f"{method[:32]} is not a method of this server")
    status = 405 if method in _KNOWN_ELSEWHERE else 501
    return Response(status, [XML, ("Allow", ALLOW)], body)


def send(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Hand a response to the WSGI server."""
    start_response(response.line, response.wsgi_headers())
    return [response.body] if isinstance(response.body, bytes) else response.body
