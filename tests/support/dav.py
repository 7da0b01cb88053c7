"""WebDAV for tests: bodies to send, and answers taken apart."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from tests.support.http import Answer, Client

D, OC, NC = "{DAV:}", "{http://owncloud.org/ns}", "{http://nextcloud.org/ns}"
WIN32 = "{urn:schemas-microsoft-com:}"


def lockinfo(scope: str = "exclusive", owner: str = "somebody") -> bytes:
    """The body of a LOCK."""
    return (
        f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
        f"<D:locktype><D:write/></D:locktype><D:owner>{owner}</D:owner></D:lockinfo>"
    ).encode()


def take_lock(client: Client, path: str, scope: str = "exclusive", depth: str = "0", **headers: str) -> Answer:
    """LOCK."""
    return client.do("LOCK", path, lockinfo(scope, client.user), {"Depth": depth, "Timeout": "Second-300", **headers})


def locked(client: Client, path: str, scope: str = "exclusive", depth: str = "0") -> str:
    """The token of a lock that must be granted."""
    answer = take_lock(client, path, scope, depth)
    assert answer.status in (200, 201), answer
    return answer.token


def unlock(client: Client, path: str, token: str) -> Answer:
    """UNLOCK."""
    return client.do("UNLOCK", path, headers={"Lock-Token": f"<{token}>"})


def listing(client: Client, path: str = "", body: bytes = b"", depth: str = "1") -> "Multistatus":
    """PROPFIND that must be answered 207."""
    answer = client.do("PROPFIND", path, body, {"Depth": depth})
    assert answer.status == 207, answer
    return Multistatus(answer.xml)


def submitted(token: str) -> str:
    """An If header that submits a token."""
    return f"(<{token}>)"


def active_locks(client: Client, path: str) -> list[dict[str, str]]:
    """Every activelock of a resource, its parts by name."""
    found = listing(client, path, prop(D + "lockdiscovery"), "0").properties()[D + "lockdiscovery"].element
    return [parts_of(each) for each in found.findall(D + "activelock")]


def parts_of(active: Element) -> dict[str, str]:
    """An activelock, its parts by name."""
    parts: dict[str, str] = {}
    for each in active:
        inside = [child.tag.removeprefix(D) for child in each]
        text = "".join(each.itertext()).strip()
        parts[each.tag.removeprefix(D)] = text or (inside[0] if inside else "")
    return parts


def names_in(client: Client, path: str = "") -> set[str]:
    """The names of the members of a collection, as they stand in hrefs."""
    listed = listing(client, path, b'<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>')
    return {href.rstrip("/").rpartition("/")[2] for href in listed.hrefs[1:]}


def prop(*names: str) -> bytes:
    """The body of a PROPFIND that names properties, each `{namespace}name`."""
    return f'<D:propfind xmlns:D="DAV:"><D:prop>{"".join(map(_element, names))}</D:prop></D:propfind>'.encode()


def _element(name: str) -> str:
    space, _, local = name[1:].partition("}")
    return f'<x:{local} xmlns:x="{space}"/>'


def update(*sets: tuple[str, str], remove: tuple[str, ...] = ()) -> bytes:
    """The body of a PROPPATCH that sets properties to texts."""
    given = "".join(_element(name).replace("/>", f">{value}</x:{name.rpartition('}')[2]}>") for name, value in sets)
    gone = "".join(map(_element, remove))
    parts = (f"<D:set><D:prop>{given}</D:prop></D:set>" if given else "") + (
        f"<D:remove><D:prop>{gone}</D:prop></D:remove>" if gone else ""
    )
    return f'<D:propertyupdate xmlns:D="DAV:">{parts}</D:propertyupdate>'.encode()


class Found(NamedTuple):
    """A property in an answer: its status and its element."""

    status: int
    element: Element

    @property
    def text(self) -> str:
        return "".join(self.element.itertext())


class Multistatus:
    """A 207 answer. `statuses`: of responses that have one of their own."""

    def __init__(self, root: Element) -> None:
        assert root.tag == D + "multistatus", root.tag
        self.responses = root.findall(D + "response")
        self.hrefs = [each.findtext(D + "href", "") for each in self.responses]
        self.statuses = [_code(each.findtext(D + "status")) for each in self.responses]

    def properties(self, index: int = 0) -> dict[str, Found]:
        """The properties of one response, by `{namespace}name`."""
        found: dict[str, Found] = {}
        for propstat in self.responses[index].findall(D + "propstat"):
            status = _code(propstat.findtext(D + "status"))
            for element in propstat.iterfind(D + "prop/*"):
                found[element.tag] = Found(status, element)
        return found

    def text(self, name: str, index: int = 0) -> str:
        """The text of a property that must be there."""
        found = self.properties(index)[name]
        assert found.status == 200, found
        return found.text


def _code(line: str | None) -> int:
    return int(line.split()[1]) if line else 0


def sentence_of(answer: Answer) -> str:
    """The sentence in an answer that refuses: every error has one."""
    text = "".join(answer.xml.itertext()) if answer.body.lstrip().startswith(b"<") else answer.text
    return " ".join(text.split())


def element_in(answer: Answer, name: str) -> bool:
    """Whether an error's body has the precondition element (RFC 4918 §16)."""
    return answer.xml.tag == D + "error" and answer.xml.find(f".//{D}{name}") is not None


@contextlib.contextmanager
def unchanged(client: Client, path: str = "") -> Iterator[None]:
    """The members of a collection, their ETags and their sizes are the same before and after."""
    before = _state(client, path)
    yield
    assert _state(client, path) == before


def _state(client: Client, path: str) -> list[tuple[str, str, str]]:
    listed = listing(client, path, prop(D + "getetag", D + "getcontentlength"))
    rows = (listed.properties(index) for index in range(len(listed.hrefs)))
    return [
        (href, row[D + "getetag"].text, row[D + "getcontentlength"].text)
        for href, row in zip(listed.hrefs, rows, strict=True)
    ]
