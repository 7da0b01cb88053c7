"""One resource of a listing, with all that live properties are made from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from davdrive.dav.xml.active_lock import ActiveLock
from davdrive.dav.xml.names import PropertyName

NOTHING: Mapping[PropertyName, str] = MappingProxyType({})
NO_DIGESTS: Mapping[str, str] = MappingProxyType({})


class ResourceRow(NamedTuple):
    """A resource as PROPFIND shows it. A field that is None or empty means that its properties are not there (404).

    `href` is encoded and safe in XML (`davdrive.dav.urls`), `name` as stored. Sizes are bytes, times unix
    milliseconds. `etag` is opaque, without quotes, and of characters that need no escaping. `permissions` are
    ownCloud's letters (WIRE §3). `digests` are hex by algorithm. `dead` are the dead properties, each as the XML of
    its whole element. `node_id` is one of a kind in its drive. Only what the plan `needs` has to be filled
    in.
    """

    href: str
    name: str
    is_collection: bool
    size: int | None
    etag: str | None
    media_type: str | None
    modified_ms: int
    created_ms: int
    node_id: int
    permissions: str = ""
    used_bytes: int | None = None
    available_bytes: int | None = None
    digests: Mapping[str, str] = NO_DIGESTS
    locks: tuple[ActiveLock, ...] = ()
    dead: Mapping[PropertyName, str] = NOTHING
    drive_id: int = 0
