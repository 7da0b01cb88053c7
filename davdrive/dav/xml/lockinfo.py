"""The body of LOCK (RFC 4918 §9.10, §14.11)."""

from dataclasses import dataclass

from davdrive.dav.xml.element import Element
from davdrive.dav.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_body
from davdrive.errors import BadRequest

MAX_OWNER_CHARACTERS = 8192  # a name or an address; it is repeated in every lockdiscovery


@dataclass(frozen=True, slots=True)
class LockInfo:
    """The lock asked for: exclusive or shared, always for writing. `owner_xml` is the whole owner element, standing
    alone, or None."""

    exclusive: bool
    owner_xml: str | None = None


def parse_lockinfo(
    body: bytes, limits: XmlLimits = DEFAULT_LIMITS, owner_characters: int = MAX_OWNER_CHARACTERS
) -> LockInfo | None:
    """Return the lock asked for; None for an empty body, which refreshes one (RFC 4918 §9.10.2).

    `owner_characters` is how long the owner's XML may be. Raises `BadRequest` for other shapes than the RFC's, and
    what `parse_xml` raises.
    """
    if not body.strip():
        return None
    root = parse_body(body, "lockinfo", limits)
    scope = _only(root, "lockscope")
    exclusive, shared = scope.children("exclusive"), scope.children("shared")
    if len(exclusive) + len(shared) != 1:
        raise BadRequest("a lockscope element must hold either exclusive or shared")
    if not _only(root, "locktype").children("write"):
        raise BadRequest("a locktype element must hold write; there are no other locks here")
    return LockInfo(bool(exclusive), _owner(root, owner_characters))


def _only(root: Element, name: str) -> Element:
    found = root.children(name)
    if len(found) != 1:
        raise BadRequest(f"a lockinfo element must hold exactly one {name}")
    return found[0]


def _owner(root: Element, characters: int) -> str | None:
    owners = root.children("owner")
    if not owners:
        return None
    if len(owners) > 1:
        raise BadRequest("a lockinfo element may hold only one owner")
    xml = owners[0].serialise()
    if len(xml) > characters:
        raise BadRequest(f"the owner of a lock may have at most {characters} characters of XML")
    return xml
