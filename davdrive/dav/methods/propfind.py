"""PROPFIND (RFC 4918 §9.1), streamed over one statement a page."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from davdrive.dav.headers.depth import Depth
from davdrive.dav.headers.prefer import read_preferences
from davdrive.dav.request import Request
from davdrive.dav.response import XML, Response
from davdrive.dav.rows import drive_list_rows, tree_rows
from davdrive.dav.xml.parse import XmlLimits
from davdrive.dav.xml.propfind import parse_propfind
from davdrive.dav.xml.row import ResourceRow
from davdrive.dav.xml.row_plan import RowPlan
from davdrive.drive.read import stat
from davdrive.errors import InfiniteDepthRefused

RowsOf = Callable[[Request, RowPlan, Depth], Iterator[ResourceRow]]

CACHED_PLANS = 256
CACHED_BODY_BYTES = 4096
"""Bodies of clients have some hundred bytes; larger ones are compiled each time, so that the memory stays small."""


def propfind(request: Request) -> Response:
    """207 with a response for the resource and, by Depth, its members or all below it.

    Depth infinity is refused unless a setting permits it (§9.1: propfind-finite-depth).
    """
    return answer_rows(request, _rows)


def answer_rows(request: Request, rows_of: RowsOf) -> Response:
    """The answer to a PROPFIND whose rows `rows_of` finds, the resource's own first."""
    options = request.site.options
    preferences = read_preferences(request.header("PREFER"))
    plan = _plan(request.small_body(options.xml.bytes), preferences.minimal, options.xml, options.properties_named)
    depth = request.depth(Depth.INFINITY)
    if depth is Depth.INFINITY and not options.infinite_propfind:
        raise InfiniteDepthRefused("this server lists one level at a time; send Depth: 1")
    rows = rows_of(request, plan, depth)
    if preferences.no_root and depth is not Depth.ZERO:
        next(rows)
    return _answer(plan, rows, preferences.minimal)


def _plan(body: bytes, minimal: bool, limits: XmlLimits, most: int) -> RowPlan:
    """What is asked for, compiled. A client sends the same few bodies again and again."""
    if len(body) > CACHED_BODY_BYTES:
        return RowPlan(parse_propfind(body, limits, most), minimal)
    return _remembered_plan(body, minimal, limits, most)


@lru_cache(CACHED_PLANS)
def _remembered_plan(body: bytes, minimal: bool, limits: XmlLimits, most: int) -> RowPlan:
    return RowPlan(parse_propfind(body, limits, most), minimal)


def _rows(request: Request, plan: RowPlan, depth: Depth) -> Iterator[ResourceRow]:
    if request.locator.target is None:
        return drive_list_rows(request, depth)
    found = stat(request.site.backend, request.caller, request.path)
    return tree_rows(request, found, plan.needs, depth)


def _answer(plan: RowPlan, rows: Iterable[ResourceRow], minimal: bool) -> Response:
    """A short answer goes out with its length, a long one as it is made."""
    blocks = plan.answer(rows)
    headers = [XML, ("DAV", "1, 2, 3"), ("Vary", "Depth, Prefer")]
    if minimal:
        headers.append(("Preference-Applied", "return=minimal"))
    first = next(blocks)
    second = next(blocks, None)
    if second is None:
        return Response(207, headers, first)
    return Response(207, headers, _chain(first, second, blocks))


def _chain(first: bytes, second: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest
