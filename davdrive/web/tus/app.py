"""The tus application: versions, methods, and from errors to answers."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from davdrive.errors import ChecksumMismatch, DriveError, Unavailable
from davdrive.web.router import StartResponse
from davdrive.web.tus.create import create
from davdrive.web.tus.headers import ALGORITHMS
from davdrive.web.tus.request import TusRequest
from davdrive.web.tus.site import TusAnswer, TusSite
from davdrive.web.tus.upload import delete, look, patch

LOG = logging.getLogger("davdrive.web.tus")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"

_METHODS: Mapping[str, Callable[[TusRequest], TusAnswer]] = {
    "POST": create,
    "HEAD": look,
    "PATCH": patch,
    "DELETE": delete,
}


class TusApp:
    """A WSGI application for everything below `/-/tus`. OPTIONS is answered to everybody, the rest after
    authentication."""

    def __init__(self, site: TusSite) -> None:
        self._site = site
        self._inner = site.authenticate(self._answer)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return _send(self._options(), start_response)
        return self._inner(environ, start_response)

    def _options(self) -> TusAnswer:
        about = [
            ("Tus-Version", VERSION),
            ("Tus-Extension", EXTENSIONS),
            ("Tus-Max-Size", str(self._site.backend.limits.file_bytes)),
            ("Tus-Checksum-Algorithm", ",".join(ALGORITHMS)),
        ]
        return TusAnswer("204 No Content", about)

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            answer = self._do(environ)
        except DriveError as error:
            answer = self._failure(error)
        return _send(answer, start_response, head=environ["REQUEST_METHOD"] == "HEAD")

    def _do(self, environ: dict[str, Any]) -> TusAnswer:
        name = str(environ["REQUEST_METHOD"])
        if name == "POST":  # for clients whose network knows no PATCH
            name = str(environ.get("HTTP_X_HTTP_METHOD_OVERRIDE") or name).upper()
        method = _METHODS.get(name)
        if method is None:
            allowed = [("Allow", "OPTIONS, " + ", ".join(_METHODS))]
            return TusAnswer("405 Method Not Allowed", allowed, "tus knows no such method")
        if environ.get("HTTP_TUS_RESUMABLE") != VERSION:
            text = f"this server speaks tus {VERSION}; say so in Tus-Resumable"
            return TusAnswer("412 Precondition Failed", [("Tus-Version", VERSION)], text)
        return method(TusRequest(environ, self._site))

    def _failure(self, error: DriveError) -> TusAnswer:
        line = self._site.verdict(error).line
        if isinstance(error, ChecksumMismatch):
            line = "460 Checksum Mismatch"  # of tus alone; WebDAV clients know 412
        wait = [("Retry-After", str(error.retry_after_s))] if isinstance(error, Unavailable) else []
        return TusAnswer(line, wait, str(error))


def _send(answer: TusAnswer, start_response: StartResponse, head: bool = False) -> Iterable[bytes]:
    headers = [("Tus-Resumable", VERSION), ("X-Content-Type-Options", "nosniff"), *answer.headers]
    blocks = [] if head else list(answer.blocks())
    if not answer.line.startswith("204"):
        headers += [("Content-Length", str(sum(map(len, blocks)))), ("Content-Type", "text/plain; charset=utf-8")]
    start_response(answer.line, headers)
    return blocks
