"""Every pure parser of what strangers send, each as a function of bytes that may raise nothing but a foreseen refusal.

Headers arrive as WSGI hands them on: each byte a character. What the server itself would have refused before
(control characters in a header) is cut out, so that a finding can be sent over the wire.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.credentials import parse_authorization
from davdrive.auth.nonces import Nonces
from davdrive.dav.headers.byte_ranges import if_range_holds, read_ranges
from davdrive.dav.headers.checksums import read_declared_digests, wanted_digest
from davdrive.dav.headers.conditions import read_conditions
from davdrive.dav.headers.content_range import read_content_range
from davdrive.dav.headers.depth import Depth, read_depth
from davdrive.dav.headers.destination import read_destination
from davdrive.dav.headers.http_dates import http_date, parse_http_date
from davdrive.dav.headers.lengths import read_length
from davdrive.dav.headers.lock_token import read_lock_token
from davdrive.dav.headers.mtime import read_mtime
from davdrive.dav.headers.overwrite import read_overwrite
from davdrive.dav.headers.own_urls import own_urls
from davdrive.dav.headers.prefer import read_preferences
from davdrive.dav.headers.timeout import TimeoutLimits, read_timeout
from davdrive.dav.headers.update_range import read_update_range
from davdrive.dav.media_types import declared_media_type, may_run, media_type_of
from davdrive.dav.settable import times_of
from davdrive.dav.uploads.place import read_chunk_name, read_upload_place
from davdrive.dav.urls import decode_path
from davdrive.dav.xml.lockinfo import parse_lockinfo
from davdrive.dav.xml.propfind import parse_propfind
from davdrive.dav.xml.proppatch import parse_proppatch
from davdrive.dav.xml.row_plan import RowPlan
from davdrive.drive.names import name_key
from davdrive.errors import DriveError
from davdrive.observe.redact import printable, redacted
from davdrive.server.framing import body_size
from davdrive.server.head import parse_head
from davdrive.server.limits import ServerLimits
from davdrive.server.refusal import Refusal
from davdrive.web.tus.headers import read_checksum, read_details, read_metadata, read_number
from tests.support.hrefs import href_of_file

Parser = Callable[[bytes], object]
_OWN = own_urls({"HTTP_HOST": "h"}, ("https://drive.example/dav",), mounts=("", "/remote.php/dav/files"))
_PROXIES = TrustedProxies(["10.0.0.0/8", "unix"])
_NONCES = Nonces(b"secret", 300, lambda: 1e9)
_CONTROL = re.compile("[\x00-\x08\n-\x1f\x7f]")
_LIMITS = ServerLimits()


def _header(read: Callable[[str], object]) -> Parser:
    return lambda data: read(_CONTROL.sub("", data.decode("latin-1")).strip(" \t"))


def _environ(*names: str) -> Callable[[str], dict[str, Any]]:
    return lambda value: dict.fromkeys(names, value)


def _path(value: str) -> object:
    place = decode_path(value.partition("?")[0])
    if place is not None:
        again = decode_path(href_of_file(place))
        assert again == place, "an href leads to another place than the one that it was made of"
        assert all(name_key(name, case_insensitive=True).encode() for name in place.names)
    return place


def _head(data: bytes) -> object:
    environ: dict[str, object] = {}
    parse_head(data.replace(b"\n", b"\r\n"), environ, _LIMITS)
    return body_size(environ, _LIMITS)


def _proppatch(data: bytes) -> object:
    changes = parse_proppatch(data)
    for change in changes:
        if change.xml is not None:
            again = parse_proppatch(
                f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{change.xml}</D:prop></D:set></D:propertyupdate>'
                "".encode()
            )
            assert again[0].name == change.name, "a kept property does not mean the same"
            assert again[0].xml == change.xml
    return times_of(changes)


def _types(value: str) -> object:
    served = media_type_of(declared_media_type(value), "f.bin")
    assert may_run(served) or "," not in served
    return served.encode("latin-1")


def _details(value: str) -> object:
    metadata = read_metadata(value)
    return read_details(value, metadata, None), metadata.get("filename", "").encode()


PARSERS: Mapping[str, Parser] = {
    "head": _head,
    "path": _header(_path),
    "upload path": _header(lambda value: read_upload_place("/remote.php/dav/uploads/" + value)),
    "chunk name": _header(read_chunk_name),
    "Destination": _header(lambda value: read_destination(value, _OWN)),
    "If": _header(lambda value: read_conditions({"HTTP_IF": value}, _OWN.resolve).tokens),
    "conditions": _header(
        lambda value: read_conditions(_environ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")(value), _OWN.resolve)
    ),
    "Host": _header(lambda value: own_urls({"HTTP_HOST": value, "HTTP_X_FORWARDED_HOST": value}, (), True)),
    "Range": _header(lambda value: (read_ranges(value, 1 << 40), if_range_holds(value, "e", 5))),
    "Content-Range": _header(read_content_range),
    "X-Update-Range": _header(lambda value: read_update_range(value).offset(1 << 40, 10)),
    "Depth": _header(lambda value: read_depth(value, Depth.ZERO)),
    "Timeout": _header(lambda value: read_timeout(value, TimeoutLimits())),
    "Overwrite": _header(read_overwrite),
    "Lock-Token": _header(read_lock_token),
    "lengths": _header(lambda value: read_length(value, "OC-Total-Length")),
    "X-OC-Mtime": _header(lambda value: http_date((read_mtime(value) or 0) // 1000)),
    "dates": _header(lambda value: http_date(parse_http_date(value) or 0)),
    "Prefer": _header(read_preferences),
    "OC-Checksum": _header(lambda value: read_declared_digests({"HTTP_OC_CHECKSUM": value})),
    "Repr-Digest": _header(lambda value: read_declared_digests(_environ("HTTP_REPR_DIGEST")(value))),
    "Want-Repr-Digest": _header(wanted_digest),
    "Content-Type": _header(_types),
    "Authorization": _header(parse_authorization),
    "nonce": _header(_NONCES.is_fresh),
    "X-Forwarded-For": _header(lambda value: _PROXIES.client_of("10.0.0.1", value)),
    "Forwarded": _header(lambda value: _PROXIES.client_of("10.0.0.1", value, "forwarded")),
    "Upload-Metadata": _header(_details),
    "Upload-Checksum": _header(read_checksum),
    "Upload-Length": _header(lambda value: read_number({"HTTP_UPLOAD_LENGTH": value}, "Upload-Length")),
    "logged": _header(lambda value: printable(redacted(value))),
    "PROPFIND": lambda data: RowPlan(parse_propfind(data)),
    "PROPPATCH": _proppatch,
    "LOCK": parse_lockinfo,
}


def attempt(parser: Parser, data: bytes) -> bool:
    """Whether `data` was understood. Raises what no parser may raise."""
    try:
        parser(data)
    except (DriveError, Refusal):
        return False
    return True
