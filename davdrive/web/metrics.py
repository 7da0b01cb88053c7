"""`/-/metrics`, in Prometheus's text format, for those who may see it."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from davdrive.web.router import StartResponse, Wsgi, plain

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics(exposition: Callable[[], bytes], trusts: Callable[[str], bool], token: str) -> Wsgi:
    """`exposition` makes the body. A peer that `trusts` accepts may read it, and anybody with the Bearer `token`."""

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not (trusts(str(environ.get("REMOTE_ADDR") or "")) or _has_token(environ, token)):
            return plain(start_response, "403 Forbidden", "The metrics are not for this address.")
        body = exposition()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _has_token(environ: dict[str, Any], token: str) -> bool:
    sent = str(environ.get("HTTP_AUTHORIZATION") or "")
    return bool(token) and hmac.compare_digest(sent.encode("latin-1", "replace"), f"Bearer {token}".encode())
