"""`/-/metrics`, in Prometheus's text format, for those who may see it."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from davdrive.web.router import StartResponse, Wsgi, plain

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics(exposition: Callable[[], bytes], may_read: Callable[[dict[str, Any]], bool], token: str) -> Wsgi:
    """`exposition` makes the body. Whom `may_read` accepts may read it, and who has the Bearer `token`."""

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not (may_read(environ) or _has_token(environ, token)):
            return plain(start_response, "403 Forbidden", "The metrics are not for this address.")
        body = exposition()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _has_token(environ: dict[str, Any], token: str) -> bool:
    sent = str(environ.get("HTTP_AUTHORIZATION") or "")
    return bool(token) and hmac.compare_digest(sent.encode("latin-1", "replace"), f"Bearer {token}".encode())
