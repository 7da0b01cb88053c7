"""The body of PROPFIND (RFC 4918 §9.1, §14.20)."""

from dataclasses import dataclass
from enum import Enum

from davdrive.dav.xml.element import Element
from davdrive.dav.xml.names import PropertyName
from davdrive.dav.xml.parse import DEFAULT_LIMITS, XmlLimits, parse_body
from davdrive.errors import BadRequest

MAX_PROPERTIES = 256  # clients name up to thirty; each is answered for every member


class PropfindKind(Enum):
    """What a PROPFIND asks for."""

    ALLPROP = "allprop"
    PROPNAME = "propname"
    PROP = "prop"


@dataclass(frozen=True, slots=True)
class Propfind:
    """A parsed PROPFIND. `names` are the properties asked for, or with ALLPROP those of `include`, each once."""

    kind: PropfindKind
    names: tuple[PropertyName, ...] = ()


ALLPROP = Propfind(PropfindKind.ALLPROP)


def parse_propfind(body: bytes, limits: XmlLimits = DEFAULT_LIMITS, most: int = MAX_PROPERTIES) -> Propfind:
    """Return what a PROPFIND asks for; an empty body asks for all (RFC 4918 §9.1).

    `most` is how many properties may be named. Unknown elements are passed over (§17). Raises `BadRequest` for other
    shapes than the RFC's, and what `parse_xml` raises.
    """
    if not body.strip():
        return ALLPROP
    root = parse_body(body, "propfind", limits)
    choices = [(kind, each) for kind in PropfindKind for each in root.children(kind.value)]
    if len(choices) != 1:
        raise BadRequest("a propfind element must hold exactly one of allprop, propname and prop")
    kind, chosen = choices[0]
    includes = root.children("include")
    if includes and kind is not PropfindKind.ALLPROP:
        raise BadRequest("a propfind element may hold include only beside allprop")
    holders = includes if kind is PropfindKind.ALLPROP else [chosen]
    return Propfind(kind, property_names(holders, most) if kind is not PropfindKind.PROPNAME else ())


def property_names(holders: list[Element], most: int = MAX_PROPERTIES) -> tuple[PropertyName, ...]:
    """Return the names of the elements in `holders`, each once, in order; `BadRequest` for more than `most`."""
    names = tuple(dict.fromkeys(each.name for holder in holders for each in holder.elements()))
    if len(names) > most:
        raise BadRequest(f"the XML body names more than {most} properties")
    return names
