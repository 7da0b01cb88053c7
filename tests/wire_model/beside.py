"""The same requests to davdrive and to Apache's mod_dav, one after the other, and what must be the same of the answers:
the class of the status, the bytes, the members, and in the end the tree with its dead properties."""

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from hypothesis import strategies as st

from tests.support.dav import Multistatus, lockinfo, prop, update
from tests.support.http import Answer, Client
from tests.wire_model.differences import DIFFERENCES, Difference, Step

NAMES = ("a", "b", "c d", "\u00e9")
TITLE = "{urn:t}title"
Tree = dict[str, tuple[bytes | None, str]]
"""By path: the bytes of a file (None: a collection) and its dead property."""

LIKELY = ("a", "a/b", "a/b/c d", "\u00e9", "a/\u00e9", "b", "b/a", "c d")
paths = st.one_of(
    *[st.sampled_from(LIKELY)] * 3, st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
)
_OVERWRITE = ({}, {"Overwrite": "F"}, {"Overwrite": "T"})
_MATCH = ({}, {}, {}, {"If-None-Match": "*"}, {"If-Match": "*"}, {"If-Match": '"wrong"'}, {"If-None-Match": '"wrong"'})
_RANGES = ({}, {"Range": "bytes=1-3"}, {"Range": "bytes=2-"}, {"Range": "bytes=-2"}, {"Range": "bytes=50-60"})
_LOCKS = ({"Depth": "0"}, {"Depth": "infinity"})
_HELD = ("none", "none", "held", "held", "never")
_held = st.sampled_from(_HELD)
_NOTHING = st.just(b"")


def _steps(method: str, *headers: dict[str, str], body: st.SearchStrategy[bytes] = _NOTHING) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(method), paths, st.just(""), body, st.sampled_from(headers or ({},)), _held)


_TRANSFERS = [
    st.builds(Step, st.just(method), paths, paths, st.just(b""), st.sampled_from(headers), _held)
    for method, headers in (
        ("COPY", (*_OVERWRITE, {"Depth": "0"}, {"Depth": "infinity"})),
        ("MOVE", _OVERWRITE),
    )
]
steps = st.one_of(
    _steps("MKCOL"),
    _steps("MKCOL"),
    _steps("PUT", *_MATCH, body=st.binary(max_size=9)),
    _steps("PUT", *_MATCH, body=st.binary(max_size=9)),
    _steps("GET", *_RANGES),
    _steps("HEAD"),
    _steps("DELETE", *_MATCH),
    *_TRANSFERS,
    *_TRANSFERS,
    _steps("PROPFIND", {"Depth": "0"}, {"Depth": "1"}),
    _steps("PROPPATCH", body=st.sampled_from([update((TITLE, each)) for each in ("one", "two")])),
    _steps("LOCK", *_LOCKS, body=st.sampled_from([lockinfo(), lockinfo("shared")])),
    _steps("REFRESH"),
    _steps("UNLOCK"),
)

BEGINNING = [
    Step("MKCOL", "a"),
    Step("MKCOL", "a/b"),
    Step("PUT", "a/b/c d", body=b"deep in the tree"),
    Step("PUT", "\u00e9", body=b"a file"),
]
"""A tree to begin with, so that most steps find something."""


@dataclass
class Side:
    """One of the two servers, below `top`; `tokens`: of the locks it granted, by path, in order."""

    client: Client
    tokens: list[tuple[str, str]] = field(default_factory=list)

    def do(self, step: Step) -> Answer:
        """Send a step in this server's words."""
        headers = dict(step.headers)
        if step.target:
            headers["Destination"] = self.client.url(encoded(step.target))
        method = "LOCK" if step.method == "REFRESH" else step.method
        headers |= self._with_token(step)
        if method == "LOCK" and step.method == "LOCK":
            headers["Timeout"] = "Second-600"
        answer = self.client.do(method, encoded(step.path), step.body, headers)
        if step.method == "LOCK" and answer.status in (200, 201):
            self.tokens.append((step.path, answer.token or answer.get("Lock-Token").strip("<>")))
        return answer

    def _with_token(self, step: Step) -> dict[str, str]:
        """Of the latest lock whose root is the path or above it, or of one of the target."""
        near = [
            each
            for each in self.tokens
            if any(f"{place}/".startswith(f"{each[0]}/") for place in (step.path, step.target) if place)
        ]
        root, token = near[-1] if near and step.held == "held" else (step.path, "opaquelocktoken:never")
        if step.method == "UNLOCK":
            return {"Lock-Token": f"<{token}>"}
        if step.method == "REFRESH":
            return {"If": f"(<{token}>)"}
        return {} if step.held == "none" else {"If": f"<{self.client.url(encoded(root))}> (<{token}>)"}

    def tree(self, path: str = "") -> Tree:
        """Everything below a path."""
        found: Tree = {}
        for name, is_collection in self.members(path):
            below = f"{path}/{name}".strip("/")
            found[below] = (None if is_collection else self.client.get(encoded(below)).body, self._title(below))
            found |= self.tree(below) if is_collection else {}
        return found

    def members(self, path: str) -> list[tuple[str, bool]]:
        """Names, and whether each is a collection."""
        listed = Multistatus(self.client.do("PROPFIND", encoded(path), b"", {"Depth": "1"}).xml)
        own = unquote(self.client.path(encoded(path))).rstrip("/")
        places = (unquote(urlsplit(href).path) for href in listed.hrefs)
        return [(each.rstrip("/").rpartition("/")[2], each.endswith("/")) for each in places if each.rstrip("/") != own]

    def _title(self, path: str) -> str:
        answer = self.client.do("PROPFIND", encoded(path), prop(TITLE), {"Depth": "0"})
        found = Multistatus(answer.xml).properties().get(TITLE)
        return found.text if found is not None and found.status == 200 else ""


def encoded(path: str) -> str:
    """A path with everything escaped that is not ASCII, and blanks."""
    return "".join(
        each if each.isascii() and each != " " else "".join(f"%{b:02x}" for b in each.encode()) for each in path
    )


class Disagreement(AssertionError):
    """The two did otherwise, and no difference that is known explains it."""


def compare(both: tuple[Client, Client], top: str, sequence: list[Step]) -> Counter[str]:
    """Send a sequence to both, up to the first difference that is on purpose. What happened how often."""
    seen = Counter[str]()
    sides = [Side(each.at(f"{each.base}/{top}")) for each in both]
    for client in both:
        assert client.mkcol(top).status == 201
    try:
        for number, step in enumerate((*BEGINNING, *sequence)):
            known = _step(sides, step, seen, f"step {number} of {sequence}")
            if known is not None:
                seen[f"on purpose: {known.name}"] += 1
                return seen
        ours, theirs = (side.tree() for side in sides)
        if ours != theirs:
            raise Disagreement(f"davdrive has {ours}, Apache {theirs}, after {sequence}")
    finally:
        for side in sides:
            for path, token in side.tokens:
                side.client.do("UNLOCK", encoded(path), b"", {"Lock-Token": f"<{token}>"})
        for client in both:
            client.delete(top)
    return seen


def _step(sides: list[Side], step: Step, seen: Counter[str], where: str) -> Difference | None:
    """Do one step on both; the difference that was met."""
    ours, theirs = (side.do(step) for side in sides)
    known = next((each for each in DIFFERENCES if each.explains(step, ours.status, theirs.status)), None)
    if known is not None:
        return known
    # mod_dav answers some refusals with a 500, for instance below a file; that nothing happened is what counts.
    if ours.status // 100 != min(theirs.status // 100, 4):
        raise Disagreement(f"{step}: davdrive {ours.status}, Apache {theirs.status} {theirs.body[:300]!r}, {where}")
    if step.method == "GET" and ours.status in (200, 206) and theirs.etag and ours.body != theirs.body:
        raise Disagreement(f"{step}: davdrive gave {ours.body!r}, Apache {theirs.body!r}, {where}")
    seen[f"{step.method} {ours.status // 100}xx"] += 1
    return None
