"""A collection as a page, for a browser that came by (a plain one; nothing in it can run)."""

from collections.abc import Iterable, Iterator
from html import escape

from davdrive.dav.headers.http_dates import iso_date
from davdrive.dav.request import Request
from davdrive.dav.response import Response
from davdrive.dav.urls import encode_name
from davdrive.drive.read import Found, drives_of, list_members
from davdrive.errors import NotAllowedHere
from davdrive.metadata.resources import Resource

_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }}
td.n, th.n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
a {{ color: #0b57d0; text-decoration: none; overflow-wrap: anywhere; }} a:hover {{ text-decoration: underline; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1b1b1b; color: #ddd; }} a {{ color: #8ab4f8; }}
th, td {{ border-color: #444; }} }}
</style></head><body><h1>{title}</h1>
<table><thead><tr><th>Name</th><th class="n">Size</th><th class="n">Changed (UTC)</th></tr></thead><tbody>
"""
_TAIL = "</tbody></table></body></html>\n"


def list_collection(request: Request, found: Found | None) -> Response:
    """The members of a collection, or the caller's drives (`found` None), as HTML.

    The HEAD of a collection is 200 for everybody: LibreOffice looks at the parent before it saves. A GET that asks
    for no page gets one too, since there is nothing better to give.
    """
    if request.method not in ("GET", "HEAD"):
        raise NotAllowedHere("this is a collection")
    if request.method == "HEAD":
        return Response(200, list(_HEADERS), ())
    rows = _drive_rows(request) if found is None else _member_rows(request, found)
    title = "Your drives" if found is None else str(request.path)
    return Response(200, list(_HEADERS), _page(title, rows))


def _page(title: str, rows: Iterable[str]) -> Iterator[bytes]:
    yield _HEAD.format(title=escape(title)).encode()
    for row in rows:
        yield row.encode()
    yield _TAIL.encode()


def _drive_rows(request: Request) -> Iterator[str]:
    for drive in drives_of(request.site.backend, request.caller):
        yield _row(
            request.locator.root_href + encode_name(drive.name) + "/", drive.name + "/", drive.used_bytes, drive.time_ms
        )


def _member_rows(request: Request, found: Found) -> Iterator[str]:
    yield '<tr><td><a href="../">../</a></td><td></td><td></td></tr>\n'
    base = request.locator.base_href(request.path)
    for page in list_members(request.site.backend, found.drive, found.resource):
        yield "".join(_member_row(base, each) for each in page)


def _member_row(base: str, resource: Resource) -> str:
    slash = "/" if resource.is_collection else ""
    href = base + encode_name(resource.name) + slash
    return _row(href, resource.name + slash, resource.size, resource.modified_ms)


def _row(href: str, name: str, size: int | None, modified_ms: int) -> str:
    shown = "" if size is None else f"{size:,}"
    changed = iso_date(modified_ms // 1000).replace("T", " ").rstrip("Z")
    return (
        f'<tr><td><a href="{escape(href)}">{escape(name)}</a></td>'
        f'<td class="n">{shown}</td><td class="n">{changed}</td></tr>\n'
    )
