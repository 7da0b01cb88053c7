"""An element of a request body, with the context that it needs to stand alone (RFC 4918 §4.3, §4.4).

A dead property is kept as text and embedded in later answers. So that it means the same there, writing it declares the
namespaces that it uses, in names or as prefixes inside text (`xsi:type="x:date"`), and the xml:lang that it stood in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from davdrive.dav.xml.escape import escape, escape_attribute
from davdrive.dav.xml.names import DAV, XML, PropertyName

# Every run of name characters is read once: from its beginning, and without a step back. A megabyte of base64 without
# a colon would otherwise be a megabyte squared.
_mentioned_prefixes = re.compile(r"(?<![\w.-])([\w.-]++):").findall


class Attribute(NamedTuple):
    name: PropertyName
    prefix: str
    value: str


@dataclass(slots=True)
class Element:
    """One element. `namespaces` are those in scope, by prefix ("" is the default one); `lang` is xml:lang in scope.

    Elements that declare nothing share the mapping of their parent.
    """

    name: PropertyName
    prefix: str
    attributes: tuple[Attribute, ...]
    namespaces: Mapping[str, str]
    lang: str | None
    content: "list[Element | str]" = field(default_factory=list)

    def elements(self) -> "Iterator[Element]":
        """The elements directly inside."""
        return (each for each in self.content if isinstance(each, Element))

    def children(self, name: str) -> "list[Element]":
        """The elements directly inside of that name in DAV:."""
        wanted = (DAV, name)
        return [each for each in self.elements() if each.name == wanted]

    @property
    def text(self) -> str:
        """The text directly inside, without blanks around it."""
        return "".join(each for each in self.content if isinstance(each, str)).strip()

    def serialise(self) -> str:
        """Return the element as XML that means the same wherever it is embedded."""
        pieces: list[str] = []
        mentioned = frozenset(self._mentioned())
        _write(self, None, pieces, {}, mentioned)
        return "".join(pieces)

    def _mentioned(self) -> Iterator[str]:
        """Prefixes that may occur in text or in the values of attributes."""
        for attribute in self.attributes:
            yield from _mentioned_prefixes(attribute.value)
        for each in self.content:
            if isinstance(each, str):
                yield from _mentioned_prefixes(each)
            else:
                yield from each._mentioned()


def _write(
    element: Element,
    outer: Element | None,
    pieces: list[str],
    declared: Mapping[str, str],
    mentioned: frozenset[str],
) -> None:
    """Append the element to `pieces`. `outer` is the element around it, `declared` what was declared there."""
    tag = f"{element.prefix}:{element.name.name}" if element.prefix else element.name.name
    new = _declarations(element, outer, declared, mentioned)
    pieces.append(f"<{tag}")
    pieces.extend(f' xmlns{":" if prefix else ""}{prefix}="{escape_attribute(uri)}"' for prefix, uri in new.items())
    if element.lang is not None and (outer is None or element.lang != outer.lang):
        pieces.append(f' xml:lang="{escape_attribute(element.lang)}"')
    pieces.extend(_attribute(each) for each in element.attributes if each.name != (XML, "lang"))
    if not element.content:
        pieces.append("/>")
        return
    pieces.append(">")
    inside = {**declared, **new} if new else declared
    for each in element.content:
        if isinstance(each, str):
            pieces.append(escape(each))
        else:
            _write(each, element, pieces, inside, mentioned)
    pieces.append(f"</{tag}>")


def _attribute(attribute: Attribute) -> str:
    name = f"{attribute.prefix}:{attribute.name.name}" if attribute.prefix else attribute.name.name
    return f' {name}="{escape_attribute(attribute.value)}"'


def _declarations(
    element: Element, outer: Element | None, declared: Mapping[str, str], mentioned: frozenset[str]
) -> dict[str, str]:
    """Return the namespaces to declare on this element: those its names use and those that text in it may mention."""
    wanted = {element.prefix: element.name.namespace}
    wanted.update((each.prefix, each.name.namespace) for each in element.attributes if each.prefix)
    if outer is None or element.namespaces is not outer.namespaces:
        wanted.update((prefix, uri) for prefix, uri in element.namespaces.items() if prefix in mentioned)
    wanted.pop("xml", None)
    return {prefix: uri for prefix, uri in wanted.items() if declared.get(prefix, "") != uri}
