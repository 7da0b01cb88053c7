"""The request target (RFC 9112 §3.2): origin-form, absolute-form, and `*` for OPTIONS."""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from davdrive.server.refusal import Refusal

ABSOLUTE = re.compile(r"https?://([^/?#]*)([^#]*)", re.IGNORECASE)
KEPT_SLASH = re.compile("(?i:%2f)")


class Target(NamedTuple):
    """`raw` is the path and query as sent; `path` is decoded as WSGI wants it; `authority` only in absolute-form."""

    raw: str
    path: str
    query: str
    authority: str | None


def parse_target(method: str, target: str) -> Target:
    """Split a request target; raises `Refusal` (400, 501). Percent escapes are never judged here: see `raw`."""
    if target[0] == "/" and "#" not in target and "%" not in target:
        path, _, query = target.partition("?")
        return Target(target, path, query, None)
    if target == "*":
        return _asterisk(method)
    if method == "CONNECT":
        raise Refusal(501, "This server is no proxy: CONNECT is not supported.")
    return _careful(target)


def _asterisk(method: str) -> Target:
    if method != "OPTIONS":
        raise Refusal(400, "The request target * is for OPTIONS alone; name a path.")
    return Target("*", "*", "", None)


def _careful(target: str) -> Target:
    authority, raw = None, target
    if target[0] != "/":
        absolute = ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise Refusal(400, "The request target must be a path that begins with / or a whole http URL.")
        authority, raw = absolute[1], absolute[2]
        if raw[:1] != "/":
            raw = "/" + raw
    if "#" in raw:
        raise Refusal(400, "The request target must not hold a fragment; escape # as %23.")
    path, _, query = raw.partition("?")
    return Target(raw, decode_path(path), query, authority)


def decode_path(path: str) -> str:
    """Percent-decode into WSGI's latin-1 text, leaving %2F as it is: it is no separator (RFC 3986 §2.2)."""
    if "%" not in path:
        return path
    whole = [unquote_to_bytes(part.encode("latin-1")).decode("latin-1") for part in KEPT_SLASH.split(path)]
    return "%2F".join(whole)
