"""Random requests, and what no answer may be: a 500, later than a second, or paid for with memory."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.http import Answer, Client, Connection

LONGEST_S, TRIES = 1.0, 3
METHODS = (
    "GET", "HEAD", "PUT", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "DELETE", "LOCK", "UNLOCK", "OPTIONS",
    "PATCH", "POST", "REPORT",
)  # fmt: skip
NAMES = (
    "If", "If-Match", "If-None-Match", "If-Range", "Range", "Destination", "Depth", "Timeout", "Overwrite",
    "OC-Checksum", "X-OC-Mtime", "Content-Type", "Content-Range", "X-Update-Range", "Accept", "Authorization", "Prefer",
    "X-Forwarded-For", "Want-Repr-Digest", "Repr-Digest", "If-Modified-Since", "Upload-Length", "Upload-Offset",
    "Expect", "Lock-Token", "Upload-Metadata", "Tus-Resumable", "X-Expected-Entity-Length", "OC-Chunk-Offset",
    "OC-Total-Length", "Host",
)  # fmt: skip
STEPS = ("a", "%2e", "%2F", "%5c", "..", ".", "%", "%zz", "%c0%af", "/", ";", "?", "#", "%00")
PIECES = (
    "(", ")", "<", ">", "[", "]", '"', "W/", "Not ", "*", ",", ";", "=", "bytes=", "-", "0", "1", "9" * 20, "infinity",
    "Second-", "T", "F", "http://", "/bob/", "/bob/f", "%2e", "%00", "%", "..", "\\", "urn:uuid:", "DAV:no-lock", " ",
    "\t", "SHA1:", "é", "\u0663", "append", "chunked", "Basic ", "Ym9iOg==", "100-continue", "text/html", "x" * 500,
)  # fmt: skip
values = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60),
)
headers = st.dictionaries(st.sampled_from(NAMES), values, max_size=4)
raw_names = st.one_of(
    st.binary(max_size=20).map(lambda raw: quote_from_bytes(raw, safe="")),
    st.text(max_size=20).map(lambda text: quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="/")),
    st.lists(st.sampled_from(STEPS), max_size=8).map("".join),
)
tags = st.sampled_from(
    ("D:prop", "D:propfind", "D:lockinfo", "D:set", "D:owner", "D:write", "x", "D:allprop", "oc:size")
)
texts = st.sampled_from(("", "1", "&lt;", "&#65;", "&bad;", "]]>", "<![CDATA[x]]>", "<!-- -->", "<?pi?>", "\x00", "é"))
elements = st.recursive(
    st.tuples(tags, texts).map(lambda each: f"<{each[0]}>{each[1]}</{each[0]}>"),
    lambda inner: st.tuples(tags, st.lists(inner, max_size=4)).map(
        lambda each: f"<{each[0]} xmlns='u'>{''.join(each[1])}</{each[0]}>"
    ),
    max_leaves=12,
)
documents = st.one_of(
    elements.map(
        lambda each: f"<D:propfind xmlns:D='DAV:' xmlns:oc='http://owncloud.org/ns'>{each}</D:propfind>".encode()
    ),
    elements.map(lambda each: f"<D:propertyupdate xmlns:D='DAV:'><D:set>{each}</D:set></D:propertyupdate>".encode()),
    elements.map(str.encode),
    st.binary(max_size=80),
)
methods = st.sampled_from(METHODS)


class Broken(AssertionError):
    """A server that did what none may."""


def timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    """An answer, and the seconds that it took; asked again when it was slow, because the machine may have been."""
    fastest = float("inf")
    for _ in range(TRIES):
        began = time.monotonic()
        answer = ask()
        fastest = min(fastest, time.monotonic() - began)
        if fastest < LONGEST_S:
            break
    return answer, fastest


@dataclass
class Target:
    """A server under fire, on one connection as long as that lasts."""

    client: Client
    tally: Counter[int] = field(default_factory=Counter)
    _connection: Connection | None = None

    def fire(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """One request. Raises Broken."""
        request = b"".join(self.client.message(method, path, body, headers))
        answer, took = timed(lambda: self._ask(request, method))
        self.tally[answer.status] += 1
        if answer.status >= 500 and answer.status not in (501, 502, 505, 507):
            raise Broken(f"{answer.status} for {request[:600]!r}")
        if took > LONGEST_S:
            raise Broken(f"{took:.2f} s for {request[:600]!r}")

    def _ask(self, request: bytes, method: str) -> Answer:
        for _ in range(2):
            if self._connection is None:
                self._connection = Connection(self.client.address)
            try:
                self._connection.send(request)
                answer = self._connection.read(method)
            except (OSError, ValueError):
                self.close()  # it was closed behind the last answer
                continue
            except HTTPException as error:
                self.close()
                raise Broken(f"no HTTP ({error!r}) for {request[:600]!r} or what came before it") from error
            if answer.closes:
                self.close()
            return answer
        raise Broken(f"no answer to {request[:600]!r}")

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.__exit__()
            self._connection = None


def run(examples: int, shot: Callable[..., None], *strategies: st.SearchStrategy[Any]) -> None:
    """Call `shot` with so many examples of what the strategies make."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*strategies))
    def shoot(made: tuple[Any, ...]) -> None:
        shot(*made)

    shoot()
