"""All preconditions of a request, from its headers (RFC 9110 §13.1, RFC 4918 §10.4)."""

from collections.abc import Mapping
from typing import Any

from davdrive.dav.headers.etags import read_etags
from davdrive.dav.headers.http_dates import parse_http_date
from davdrive.dav.headers.if_header import IfLimits, Resolver, read_if
from davdrive.drive.conditions import NO_CONDITIONS, Conditions

_HEADERS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF")
_READS = frozenset(("GET", "HEAD"))


def read_conditions(environ: Mapping[str, Any], resolve: Resolver, limits: IfLimits | None = None) -> Conditions:
    """Return what the request demands of the state of the tree.

    `environ` is the WSGI environ; `resolve` turns the URL of a tagged list into a place (`OwnUrls.resolve`). A date
    beside its ETag twin is left out, and so is If-Modified-Since of anything but GET and HEAD (RFC 9110 §13.1.3,
    §13.1.4). Raises `BadRequest`.
    """
    match, none_match, modified, unmodified, lists = map(environ.get, _HEADERS)
    if match is none_match is modified is unmodified is lists is None:
        return NO_CONDITIONS
    if none_match is not None or environ.get("REQUEST_METHOD") not in _READS:
        modified = None
    if match is not None:
        unmodified = None
    return Conditions(
        if_match=read_etags(match, "If-Match"),
        if_none_match=read_etags(none_match, "If-None-Match"),
        if_modified_since=parse_http_date(modified),
        if_unmodified_since=parse_http_date(unmodified),
        if_lists=read_if(lists, resolve, limits),
    )
