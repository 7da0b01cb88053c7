"""The body of PROPPATCH (RFC 4918 §9.2, §14.19)."""

from dataclasses import dataclass

from davdrive.dav.xml.element import Element
from davdrive.dav.xml.names import PropertyName
from davdrive.dav.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_body
from davdrive.dav.xml.propfind import MAX_PROPERTIES
from davdrive.errors import BadRequest, TooLarge

WRITTEN_TIMES = 4
"""How many times as long as the longest body the properties may become when each of them stands alone: two hundred
that mention a hundred long namespaces would be thirty times as long."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One instruction: set `name` to the element `xml`, whose plain text is `text`; or remove it (`xml` is None).

    `xml` is the whole property element and stands alone: it declares its namespaces and carries the xml:lang that it
    stood in (RFC 4918 §4.3), so that it can be kept and embedded in any answer.
    """

    name: PropertyName
    xml: str | None = None
    text: str = ""

    @property
    def removes(self) -> bool:
        return self.xml is None


def parse_proppatch(
    body: bytes, limits: XmlLimits = DEFAULT_LIMITS, most: int = MAX_PROPERTIES
) -> tuple[PropertyChange, ...]:
    """Return the changes in document order, in which they are to be made (RFC 4918 §9.2).

    `most` is how many there may be. Raises `BadRequest` when there is none, or the shape is wrong, and what
    `parse_xml` raises.
    """
    root = parse_body(body, "propertyupdate", limits)
    changes: list[PropertyChange] = []
    room = WRITTEN_TIMES * limits.bytes
    for instruction in root.elements():
        if instruction.name == ("DAV:", "set"):
            for each in _properties(instruction):
                changes.append(_set(each))
                room -= len(changes[-1].xml or "")
                if room < 0:
                    raise TooLarge("the properties are too large when each of them declares its namespaces")
        elif instruction.name == ("DAV:", "remove"):
            changes.extend(PropertyChange(each.name) for each in _properties(instruction))
    if not changes:
        raise BadRequest("a propertyupdate element must set or remove at least one property")
    if len(changes) > most:
        raise BadRequest(f"the XML body changes more than {most} properties")
    return tuple(changes)


def _set(element: Element) -> PropertyChange:
    return PropertyChange(element.name, element.serialise(), element.text)


def _properties(instruction: Element) -> list[Element]:
    holders = instruction.children("prop")
    if len(holders) != 1:
        raise BadRequest(f"a {instruction.name.name} element must hold exactly one prop element")
    return list(holders[0].elements())
