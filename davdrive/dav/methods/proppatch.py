"""PROPPATCH (RFC 4918 §9.2): everything is done or nothing is."""

from collections.abc import Sequence

from davdrive.dav.request import Request
from davdrive.dav.response import XML, Response
from davdrive.dav.settable import is_ignored, times_of
from davdrive.dav.xml.live_properties import is_protected
from davdrive.dav.xml.multistatus import multistatus
from davdrive.dav.xml.names import PropertyName
from davdrive.dav.xml.proppatch import parse_proppatch
from davdrive.dav.xml.propstat import names_response
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties


def proppatch(request: Request) -> Response:
    """207 with a status for each property: 200 for all, or 403 for the protected ones and 424 for the others."""
    options = request.site.options
    instructions = parse_proppatch(request.small_body(options.xml.bytes), options.xml)
    refused = [each.name for each in instructions if is_protected(each.name) and not is_ignored(each.name)]
    if refused:
        return _answer(request, [each.name for each in instructions], refused)
    kept = [each for each in instructions if not is_ignored(each.name)]
    changes = [PropertyChange(each.name, each.xml) for each in kept]
    times = times_of(instructions)
    patch = PropertyPatch(changes, times.modified_ms, times.created_ms)
    patch_properties(request.site.backend, request.caller, request.path, patch, request.conditions, request.deadline)
    return _answer(request, [each.name for each in instructions], [])


def _answer(request: Request, names: Sequence[PropertyName], refused: Sequence[PropertyName]) -> Response:
    path = request.path
    href = request.locator.base_href(path) if request.names_collection or path.is_root else _file_href(request)
    groups: dict[tuple[int, str | None], list[PropertyName]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(_verdict(name, refused), []).append(name)
    return Response(207, [XML], b"".join(multistatus([names_response(href, groups)])))


def _verdict(name: PropertyName, refused: Sequence[PropertyName]) -> tuple[int, str | None]:
    if not refused:
        return 200, None
    return (403, "cannot-modify-protected-property") if name in refused else (424, None)


def _file_href(request: Request) -> str:
    return request.locator.base_href(request.path).rstrip("/")
