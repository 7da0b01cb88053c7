"""GET and HEAD (RFC 9110 §9.3.1, §14; RFC 4918 §9.4)."""

import secrets
from collections.abc import Iterable

from davdrive.dav.headers.byte_ranges import ByteRange, Unsatisfiable, format_content_range, if_range_holds, read_ranges
from davdrive.dav.headers.checksums import format_digest, format_oc_checksums, wanted_digest
from davdrive.dav.headers.http_dates import http_date
from davdrive.dav.media_types import may_run, media_type_of
from davdrive.dav.methods.listing import list_collection
from davdrive.dav.methods.redirect import elsewhere
from davdrive.dav.request import Request
from davdrive.dav.response import Headers, Response
from davdrive.drive.preconditions import State, check_read
from davdrive.drive.read import OpenFile, check_state_lists, open_resource, read_bytes
from davdrive.errors import RangeNotSatisfiable


def get(request: Request) -> Response:
    """200, 206 for ranges, 304 or 412 by the conditions. A collection is shown to browsers."""
    if request.locator.target is None:
        return list_collection(request, None)
    found = open_resource(request.site.backend, request.caller, request.path)
    if not isinstance(found, OpenFile):
        return list_collection(request, found)
    _check(request, found)
    ranges = _ranges(request, found)
    if isinstance(ranges, Unsatisfiable):
        raise RangeNotSatisfiable("no byte of the file is in the ranges asked for", ranges.size)
    redirect = elsewhere(request, found, len(ranges or ()))
    if redirect is not None:
        return redirect
    if ranges is None:
        return _whole(request, found)
    if len(ranges) == 1:
        return _part(request, found, ranges[0])
    return _parts(request, found, ranges)


def _check(request: Request, found: OpenFile) -> None:
    conditions, resource = request.conditions, found.resource
    check_read(conditions, State(True, resource.etag, resource.modified_ms))
    if conditions.if_lists:
        check_state_lists(request.site.backend, request.caller, request.path, conditions)


def _ranges(request: Request, found: OpenFile) -> tuple[ByteRange, ...] | Unsatisfiable | None:
    value = request.header("RANGE")
    if value is None or request.method != "GET":
        return None
    resource = found.resource
    if not if_range_holds(request.header("IF_RANGE"), resource.etag or "", resource.modified_ms // 1000):
        return None
    return read_ranges(value, found.content.size, request.site.options.ranges)


def _whole(request: Request, found: OpenFile) -> Response:
    size = found.content.size
    headers = _headers(request, found)
    headers.append(("Content-Length", str(size)))
    return Response(200, headers, _body(request, found, 0, size))


def _part(request: Request, found: OpenFile, part: ByteRange) -> Response:
    headers = _headers(request, found)
    headers.append(("Content-Range", format_content_range(part, found.content.size)))
    headers.append(("Content-Length", str(part.length)))
    return Response(206, headers, _body(request, found, part.start, part.stop))


def _body(request: Request, found: OpenFile, start: int, stop: int) -> Iterable[bytes]:
    if request.method == "HEAD" or start == stop:
        return ()
    return read_bytes(request.site.backend, found.content, start, stop, request.deadline)


def _parts(request: Request, found: OpenFile, ranges: tuple[ByteRange, ...]) -> Response:
    """Several ranges are a multipart/byteranges body (RFC 9110 §14.6)."""
    boundary = secrets.token_hex(12)
    media_type = media_type_of(found.resource.media_type, found.resource.name)
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\n"
        f"Content-Range: {format_content_range(part, found.content.size)}\r\n\r\n".encode()
        for part in ranges
    ]
    tail = f"\r\n--{boundary}--\r\n".encode()
    size = sum(map(len, heads)) + sum(part.length for part in ranges) + len(tail)
    headers = [each for each in _headers(request, found) if each[0] != "Content-Type"]
    headers += [("Content-Type", f"multipart/byteranges; boundary={boundary}"), ("Content-Length", str(size))]

    def blocks() -> Iterable[bytes]:
        for head, part in zip(heads, ranges, strict=True):
            yield head
            yield from _body(request, found, part.start, part.stop)
        yield tail

    return Response(206, headers, blocks())


def _headers(request: Request, found: OpenFile) -> Headers:
    resource = found.resource
    media_type = media_type_of(resource.media_type, resource.name)
    headers = [
        ("Content-Type", media_type),
        ("ETag", f'"{resource.etag}"'),
        ("Last-Modified", http_date(resource.modified_ms // 1000)),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),  # no other site's page may load it with a remembered password
    ]
    if may_run(media_type):
        headers += [("Content-Security-Policy", "sandbox; default-src 'none'"), ("Content-Disposition", "attachment")]
    checksum = _checksum(found)
    if checksum:
        headers.append(("OC-Checksum", checksum))
    wanted = request.header("WANT_REPR_DIGEST")
    if wanted is not None and wanted_digest(wanted) is not None and found.content.sha256 is not None:
        headers.append(("Repr-Digest", format_digest({"sha256": found.content.sha256.hex()})))
    return headers


def _checksum(found: OpenFile) -> str:
    """The value of OC-Checksum (WIRE §3): what a client sent, or else the SHA-256 that is kept of every file."""
    content = found.content
    if content.digests:
        return format_oc_checksums(content.digests).partition(" ")[0]
    return "" if content.sha256 is None else f"SHA256:{content.sha256.hex()}"
