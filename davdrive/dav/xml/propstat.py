"""The pieces of a multistatus body: response, propstat, and the names that stand in them (RFC 4918 §14.22, §14.24)."""

from collections.abc import Iterable, Mapping

from davdrive.dav.status import status_line
from davdrive.dav.xml.escape import escape, escape_attribute
from davdrive.dav.xml.names import DAV, PREFIXES, XML, PropertyName


class Prefixes:
    """Prefixes for the namespaces of one answer, declared once at its root; DAV: is always there."""

    def __init__(self, names: Iterable[PropertyName] = ()) -> None:
        self._prefixes = {DAV: PREFIXES[DAV]}
        for name in names:
            self.add(name.namespace)

    def add(self, namespace: str) -> None:
        if namespace not in ("", XML):
            self._prefixes.setdefault(namespace, PREFIXES.get(namespace, f"n{len(self._prefixes)}"))

    def tag(self, name: PropertyName) -> str:
        """The name as a tag; its namespace must have been added."""
        if not name.namespace:
            return name.name
        return f"{'xml' if name.namespace == XML else self._prefixes[name.namespace]}:{name.name}"

    @property
    def declarations(self) -> str:
        """The attributes of the root element."""
        return "".join(f' xmlns:{prefix}="{escape_attribute(uri)}"' for uri, prefix in self._prefixes.items())


DAV_ONLY = Prefixes()


def empty_element(name: PropertyName) -> str:
    """Return an element without content that declares its own namespace, for names that no root could foresee."""
    if name.namespace == DAV:
        return f"<D:{name.name}/>"
    if name.namespace in ("", XML):
        return f"<{name.name}/>" if not name.namespace else f"<xml:{name.name}/>"
    return f'<x:{name.name} xmlns:x="{escape_attribute(name.namespace)}"/>'


def propstat(properties: str, status: int, precondition: str | None = None) -> str:
    """Return a propstat element around XML of properties."""
    error = f"<D:error><D:{precondition}/></D:error>" if precondition else ""
    inside = f"<D:prop>{properties}</D:prop>" if properties else "<D:prop/>"
    return f"<D:propstat>{inside}<D:status>HTTP/1.1 {status_line(status)}</D:status>{error}</D:propstat>"


def response(href: str, inside: str) -> str:
    """Return a response element about one resource; `href` is encoded and needs no escaping."""
    return f"<D:response><D:href>{href}</D:href>{inside}</D:response>"


def status_response(href: str, status: int, precondition: str | None = None, message: str = "") -> str:
    """Return a response element with a status of its own, as DELETE, COPY, MOVE and LOCK answer for members."""
    error = f"<D:error><D:{precondition}/></D:error>" if precondition else ""
    about = f"<D:responsedescription>{escape(message)}</D:responsedescription>" if message else ""
    return response(href, f"<D:status>HTTP/1.1 {status_line(status)}</D:status>{error}{about}")


def names_response(href: str, groups: Mapping[tuple[int, str | None], Iterable[PropertyName]]) -> str:
    """Return a response element with names alone, as PROPPATCH answers: a propstat for each status and precondition."""
    return response(
        href,
        "".join(
            propstat("".join(map(empty_element, names)), status, precondition)
            for (status, precondition), names in groups.items()
        ),
    )
