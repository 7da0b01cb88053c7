"""What the protocol layer serves, and the limits that it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from davdrive.dav.headers.if_header import IfLimits
from davdrive.dav.headers.timeout import TimeoutLimits
from davdrive.dav.xml.parse import XmlLimits
from davdrive.drive.backend import Backend


@dataclass(frozen=True, slots=True)
class DavOptions:
    """Options of the protocol layer. `infinite_propfind`: whether PROPFIND may have Depth: infinity; `partial_put`:
    whether PUT may have Content-Range (Apache's partial update)."""

    public_urls: Sequence[str] = ()
    infinite_propfind: bool = False
    partial_put: bool = False
    ranges: int = 5
    properties_named: int = 256
    xml: XmlLimits = field(default_factory=XmlLimits)
    lock_timeouts: TimeoutLimits = field(default_factory=TimeoutLimits)
    if_header: IfLimits = field(default_factory=IfLimits)


@dataclass(frozen=True, slots=True)
class Site:
    """A backend with the options under which it is served."""

    backend: Backend
    options: DavOptions = field(default_factory=DavOptions)
