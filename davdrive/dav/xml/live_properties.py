"""The table of live properties: each with its name, who has it, whether allprop gives it, and what it is made from.

A value is a constant (the XML inside the element), a function of a row (None: this row has not got it), or None (that
kind of resource never has it). `form` puts the function's result into place.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Flag, auto
from operator import attrgetter
from typing import NamedTuple

from davdrive.dav.file_numbers import file_number
from davdrive.dav.headers.checksums import format_oc_checksums
from davdrive.dav.headers.http_dates import http_date, iso_date
from davdrive.dav.media_types import media_type_of
from davdrive.dav.xml.active_lock import SUPPORTED_LOCK, render_active_lock
from davdrive.dav.xml.escape import escape, escape_all
from davdrive.dav.xml.names import UCB, PropertyName, dav, oc
from davdrive.dav.xml.row import ResourceRow

Getter = Callable[[ResourceRow], object]
Value = str | Getter | None


class Needs(Flag):
    """What a plan wants in its rows beyond a node's own columns, so that a query can leave the rest out."""

    NOTHING = 0
    LOCKS = auto()
    DEAD = auto()
    DIGESTS = auto()
    QUOTA = auto()
    PERMISSIONS = auto()


class LiveProperty(NamedTuple):
    """One row of the table; see the module's text. `protected`: PROPPATCH may not change it (RFC 4918 §15)."""

    name: PropertyName
    file: Value
    collection: Value
    form: str = "%s"
    in_allprop: bool = False
    needs: Needs = Needs.NOTHING
    protected: bool = True


def _displayname(row: ResourceRow) -> str:
    return escape(row.name)


def _getlastmodified(row: ResourceRow) -> str:
    return http_date(row.modified_ms // 1000)


def _creationdate(row: ResourceRow) -> str:
    return iso_date(row.created_ms // 1000)


def _getcontenttype(row: ResourceRow) -> str:
    return escape(media_type_of(row.media_type, row.name))


def _lockdiscovery(row: ResourceRow) -> str:
    return "".join(map(render_active_lock, row.locks)) if row.locks else ""


def _checksums(row: ResourceRow) -> str | None:
    return f"<oc:checksum>{format_oc_checksums(row.digests)}</oc:checksum>" if row.digests else None


def _permissions(row: ResourceRow) -> str | None:
    return row.permissions or None


def _read_only(row: ResourceRow) -> str | None:
    """LibreOffice reads a file without it as writable, so only the other case is said."""
    return "true" if row.permissions and "W" not in row.permissions else None


def _file_number(row: ResourceRow) -> int:
    return file_number(row.drive_id, row.node_id)


def _displaynames(rows: Sequence[ResourceRow]) -> list[str]:
    return escape_all([row.name for row in rows])


def _modified(rows: Sequence[ResourceRow]) -> list[str]:
    return [http_date(row.modified_ms // 1000) for row in rows]


def _created(rows: Sequence[ResourceRow]) -> list[str]:
    return [iso_date(row.created_ms // 1000) for row in rows]


def _types(rows: Sequence[ResourceRow]) -> list[str]:
    return escape_all([media_type_of(row.media_type, row.name) for row in rows])


_TOGETHER: Mapping[Getter, Callable[[Sequence[ResourceRow]], Sequence[object]]] = {
    _displayname: _displaynames,
    _getlastmodified: _modified,
    _creationdate: _created,
    _getcontenttype: _types,
}
"""What every listing asks for, made for many rows with less than a call each."""


def column(getter: Getter, rows: Sequence[ResourceRow]) -> Sequence[object]:
    """What `getter` gives for each of `rows`."""
    together = _TOGETHER.get(getter)
    return list(map(getter, rows)) if together is None else together(rows)


_SIZE = attrgetter("size")
_SUPPORTED_LOCK = SUPPORTED_LOCK.removeprefix("<D:supportedlock>").removesuffix("</D:supportedlock>")

LIVE_PROPERTIES = (
    LiveProperty(dav("resourcetype"), "", "<D:collection/>", in_allprop=True),
    LiveProperty(dav("displayname"), _displayname, _displayname, in_allprop=True),
    LiveProperty(dav("getcontentlength"), _SIZE, None, in_allprop=True),
    LiveProperty(dav("getlastmodified"), _getlastmodified, _getlastmodified, in_allprop=True),
    LiveProperty(dav("creationdate"), _creationdate, _creationdate, in_allprop=True),
    LiveProperty(dav("getetag"), attrgetter("etag"), attrgetter("etag"), '"%s"', in_allprop=True),
    LiveProperty(dav("getcontenttype"), _getcontenttype, None, in_allprop=True),
    LiveProperty(dav("supportedlock"), _SUPPORTED_LOCK, _SUPPORTED_LOCK, in_allprop=True),
    LiveProperty(dav("lockdiscovery"), _lockdiscovery, _lockdiscovery, in_allprop=True, needs=Needs.LOCKS),
    # RFC 4331 §3, §4: "SHOULD NOT be returned by a PROPFIND allprop".
    LiveProperty(dav("quota-available-bytes"), None, attrgetter("available_bytes"), needs=Needs.QUOTA),
    LiveProperty(dav("quota-used-bytes"), None, attrgetter("used_bytes"), needs=Needs.QUOTA),
    LiveProperty(oc("id"), _file_number, _file_number, "%08d"),
    LiveProperty(oc("fileid"), _file_number, _file_number),
    LiveProperty(oc("size"), _SIZE, _SIZE),
    LiveProperty(oc("permissions"), _permissions, _permissions, needs=Needs.PERMISSIONS),
    LiveProperty(oc("checksums"), _checksums, None, needs=Needs.DIGESTS),
    # Only for stores that give out links of their own; sync clients take its absence for "use the href".
    LiveProperty(oc("downloadURL"), None, None),
    LiveProperty(PropertyName(UCB, "IsReadOnly"), _read_only, None, needs=Needs.PERMISSIONS),
)
LIVE = {each.name: each for each in LIVE_PROPERTIES}


def is_protected(name: PropertyName) -> bool:
    """Return whether PROPPATCH must refuse the property with cannot-modify-protected-property."""
    return name in LIVE and LIVE[name].protected
