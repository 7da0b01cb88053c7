"""From resources to the rows that PROPFIND renders: hrefs, and what the plan needs beyond a node's own columns."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from davdrive.dav.headers.depth import Depth
from davdrive.dav.request import Request
from davdrive.dav.shown_locks import active_lock
from davdrive.dav.urls import encode_name, encode_names
from davdrive.dav.xml.active_lock import ActiveLock
from davdrive.dav.xml.live_properties import Needs
from davdrive.dav.xml.names import PropertyName as XmlName
from davdrive.dav.xml.row import NO_DIGESTS, NOTHING, ResourceRow
from davdrive.drive.extras import Extras, extras_of, list_with_extras
from davdrive.drive.names import DrivePath
from davdrive.drive.read import Found, drives_of
from davdrive.metadata.drives import Drive
from davdrive.metadata.resources import Resource
from davdrive.metadata.tables import ROOT

_FILE_LETTERS = {0: "", 1: "G", 2: "GDNVW", 3: "RGDNVW"}
_COLLECTION_LETTERS = {0: "", 1: "G", 2: "GDNVCK", 3: "RGDNVCK"}
"""ownCloud's letters by role: R shareable, G readable, D delete, N rename, V move, W write, C create, K make folder."""


_NOTHING_MORE = (None, None, NO_DIGESTS, (), NOTHING)
_new_row = tuple.__new__

Listed = Iterator[tuple[list[Resource], Extras]]


class RowMaker:
    """Makes the rows of one answer."""

    def __init__(self, request: Request, drive: Drive, needs: Needs) -> None:
        self._request = request
        self._drive = drive
        self._needs = needs
        # By `is_collection`.
        self._rest = tuple(
            (letters[drive.role], *_NOTHING_MORE, drive.id) for letters in (_FILE_LETTERS, _COLLECTION_LETTERS)
        )

    def members(self, base: str, page: Sequence[Resource], extras: Extras) -> list[ResourceRow]:
        """The rows of one page of a collection whose href is `base`."""
        if extras.is_empty and not Needs.QUOTA & self._needs:
            return self._plain(_hrefs(base, page), page)
        return [self.row(href, each, extras) for href, each in zip(_hrefs(base, page), page, strict=True)]

    def row(self, href: str, resource: Resource, extras: Extras) -> ResourceRow:
        """One row with everything that the plan needs."""
        used, available = self._quota(resource)
        (plain,) = self._plain([href], [resource])
        return plain._replace(
            digests=extras.digests.get(resource.node, NO_DIGESTS),
            locks=self._locks(resource, extras),
            dead=_dead(extras, resource.node),
            used_bytes=used,
            available_bytes=available,
        )

    def _plain(self, hrefs: Sequence[str], resources: Sequence[Resource]) -> list[ResourceRow]:
        """The fields of a resource are those of a row, in its order: copying them one by one would cost as much as
        finding them."""
        rest, both = self._rest, zip(hrefs, resources, strict=True)
        return [_new_row(ResourceRow, (href, *each[:8], *rest[each[1]])) for href, each in both]

    def _locks(self, resource: Resource, extras: Extras) -> tuple[ActiveLock, ...]:
        found = extras.locks_on(resource)
        return tuple(active_lock(self._request, self._drive.name, lock, extras.now_ms) for lock in found)

    def _quota(self, resource: Resource) -> tuple[int | None, int | None]:
        """RFC 4331: bytes used and available; without a quota nobody can say what is available."""
        if not resource.is_collection or not Needs.QUOTA & self._needs:
            return None, None
        used, limit = self._drive.used_bytes, self._drive.quota_bytes
        return used, None if limit is None else max(0, limit - used)


def _hrefs(base: str, page: Sequence[Resource]) -> list[str]:
    names = encode_names([each[0] for each in page])
    return [f"{base}{name}/" if each[1] else base + name for name, each in zip(names, page, strict=True)]


def _dead(extras: Extras, node: int) -> Mapping[XmlName, str]:
    found = extras.dead.get(node)
    return NOTHING if found is None else found


def tree_rows(request: Request, found: Found, needs: Needs, depth: Depth) -> Iterator[ResourceRow]:
    """The resource itself, then its members, then by Depth all below them. All of one revision."""
    backend, drive = request.site.backend, found.drive
    maker = RowMaker(request, drive, needs)
    collection = found.resource.is_collection
    base = request.locator.base_href(request.path if collection else request.path.parent)
    href = base if collection else base + encode_name(request.path.name)
    itself = found.resource._replace(name=found.resource.name or drive.name)
    if not collection or depth is Depth.ZERO:
        extras = extras_of(backend, drive, request.path, found.resource, needs.value)
        return iter([maker.row(href, itself, extras)])
    listed = list_with_extras(backend, drive, request.path, found.resource, needs.value)
    first = next(listed)
    below = _below(request, maker, drive, request.path, chain((first,), listed), needs, depth)
    return chain.from_iterable(chain(([maker.row(href, itself, first[1])],), below))


def _below(
    request: Request, maker: RowMaker, drive: Drive, path: DrivePath, listed: Listed, needs: Needs, depth: Depth
) -> Iterator[list[ResourceRow]]:
    """The rows page by page, each page followed by what is below its collections."""
    base = request.locator.base_href(path)
    for page, extras in listed:
        request.deadline.check()
        yield maker.members(base, page, extras)
        if depth is Depth.INFINITY:
            for each in page:
                if each.is_collection:
                    inner = path.child(each.name)
                    found = list_with_extras(request.site.backend, drive, inner, each, needs.value)
                    yield from _below(request, maker, drive, inner, found, needs, depth)


def drive_list_rows(request: Request, depth: Depth) -> Iterator[ResourceRow]:
    """The collection of the caller's drives, above them all."""
    root = request.locator.root_href
    yield ResourceRow(root, "davdrive", True, None, None, None, 0, 0, 0, "G")
    if depth is Depth.ZERO:
        return
    for drive in drives_of(request.site.backend, request.caller):
        letters = _COLLECTION_LETTERS[drive.role]
        yield ResourceRow(
            f"{root}{encode_name(drive.name)}/", drive.name, True, None, None, None, drive.time_ms, 0,
            ROOT, letters, drive_id=drive.id,
        )  # fmt: skip
