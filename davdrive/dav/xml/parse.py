"""XML bodies to elements: bounded, without document types, entities or anything fetched (RFC 4918 §20.6).

expat checks well-formedness and namespaces; its handlers below refuse what could grow beyond what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from xml.parsers import expat

from davdrive.dav.xml.element import Attribute, Element
from davdrive.dav.xml.names import XML, PropertyName
from davdrive.errors import BadRequest, EntitiesRefused, TooLarge

_SEPARATOR = "\x0c"  # no XML document can hold a form feed, so no namespace can forge one
_LANG = (XML, "lang")


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """Bounds of one body. A real PROPFIND has 300 bytes and is three deep; a large PROPPATCH has a few thousand.

    `namespaces` is how many may be in scope at once: each costs time for every element that declares another.
    `namespace_bytes` and `name_bytes` bound names in UTF-8: expat repeats a namespace in every name that uses it, so
    half a MiB of it and a few thousand elements would be gigabytes; and both are a key that PostgreSQL must index.
    """

    bytes: int = 1 << 20
    depth: int = 64
    elements: int = 10_000
    attributes: int = 10_000
    namespaces: int = 128
    namespace_bytes: int = 1024
    name_bytes: int = 512


DEFAULT_LIMITS = XmlLimits()


class _Builder:
    """The handlers of one expat parser. Every element begins with the scope that it inherits and what it declares."""

    def __init__(self, limits: XmlLimits) -> None:
        self.root: Element | None = None
        self._limits = limits
        self._open: list[Element] = []
        self._declared: dict[str, str] = {}
        self._uris: dict[str, str] = {}
        self._elements = 0
        self._attributes = 0

    def parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(None, _SEPARATOR)
        parser.namespace_prefixes = True
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        return parser

    def _refuse(self, *_: Any) -> NoReturn:
        raise EntitiesRefused("the XML body has a document type or entities; send it without them")

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        if uri is not None and len(uri.encode()) > self._limits.namespace_bytes:
            raise BadRequest(f"the XML body has a namespace of more than {self._limits.namespace_bytes} bytes")
        self._declared[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: list[str]) -> None:
        self._elements += 1
        self._attributes += len(attributes) // 2
        parent = self._open[-1] if self._open else None
        scope = self._scope(parent)
        own, prefix = self._split(name)
        self._check(len(scope), len(own.name.encode()))
        found = tuple(Attribute(*self._split(key), value) for key, value in zip(*[iter(attributes)] * 2, strict=True))
        inherited = parent.lang if parent else None
        lang = next((each.value for each in found if each.name == _LANG), inherited)
        element = Element(own, prefix, found, scope, lang)
        if parent is None:
            self.root = element
        else:
            parent.content.append(element)
        self._open.append(element)

    def _scope(self, parent: Element | None) -> Mapping[str, str]:
        inherited = parent.namespaces if parent else {}
        if not self._declared:
            return inherited
        declared, self._declared = self._declared, {}
        return {**inherited, **declared}

    def _split(self, name: str) -> tuple[PropertyName, str]:
        """Name and prefix from expat's `uri SEP local SEP prefix`, each part but the local one may be missing. Names of
        one namespace share its text: a cached PROPFIND would otherwise keep a quarter of a mebibyte of it."""
        parts = name.split(_SEPARATOR)
        if len(parts) == 1:
            return PropertyName("", name), ""
        uri = self._uris.setdefault(parts[0], parts[0])
        return PropertyName(uri, parts[1]), parts[2] if len(parts) > 2 else ""

    def _check(self, namespaces: int, name_bytes: int) -> None:
        limits = self._limits
        for count, limit, what in (
            (self._elements, limits.elements, "elements"),
            (self._attributes, limits.attributes, "attributes"),
            (len(self._open) + 1, limits.depth, "levels"),
            (namespaces, limits.namespaces, "namespaces"),
            (name_bytes, limits.name_bytes, "bytes in a name"),
        ):
            if count > limit:
                raise BadRequest(f"the XML body has more than {limit} {what}")

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].content.append(text)


def parse_xml(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """Return the root of an XML body.

    Raises `TooLarge` when it is over `limits.bytes`, `EntitiesRefused` when it has a document type, `BadRequest` when
    it is not well-formed, breaks Namespaces in XML, is in an unknown encoding, or is over another limit.
    """
    if len(body) > limits.bytes:
        raise TooLarge(f"an XML body may have at most {limits.bytes} bytes")
    builder = _Builder(limits)
    parser = builder.parser()
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise BadRequest(f"the XML body is not well-formed: {what} in line {error.lineno}") from None
    except (LookupError, ValueError):  # from the decoder of an encoding other than UTF-8 and UTF-16
        raise BadRequest("the XML body is in an encoding that is not known here; send it in UTF-8") from None
    if builder.root is None:
        raise BadRequest("the XML body has no element")
    return builder.root


def parse_body(body: bytes, root: str, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """Return the root like `parse_xml`, and raise `BadRequest` unless it is `root` in the DAV: namespace."""
    found = parse_xml(body, limits)
    if found.name != ("DAV:", root):
        raise BadRequest(f"the XML body must be a {root} element in the namespace DAV:")
    return found
