"""The same requests to davdrive and to Apache's mod_dav, one after the other, and what must be the same of the answers:
the class of the status, the bytes, the members, and in the end the tree with its dead properties."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from urllib.parse import unquote, urlsplit

from tests.support.dav import Multistatus, lockinfo, prop, update
from tests.support.http import Answer, Client
from tests.wire_model.differences import DIFFERENCES, Difference, Step

NAMES = ("a", "b", "c d", "\u00e9")
TITLE = "{urn:t}title"
NEVER = "opaquelocktoken:never"
Tree = dict[str, tuple[bytes | None, str]]
"""By path: the bytes of a file (None: a collection) and its dead property."""

LIKELY = ("a", "a/b", "a/b/c d", "\u00e9", "a/\u00e9", "b", "b/a", "c d")
MATCH = ("If-None-Match: *", "If-Match: *", 'If-Match: "wrong"', 'If-None-Match: "wrong"')
WORDS: dict[str, tuple[str, ...]] = {
    "MKCOL": ("", ""),
    "PUT": ("", "", *MATCH),
    "GET": ("", "Range: bytes=1-3", "Range: bytes=2-", "Range: bytes=-2", "Range: bytes=50-60"),
    "HEAD": ("",),
    "DELETE": ("", "", *MATCH),
    "COPY": ("", "Overwrite: F", "Overwrite: T", "Depth: 0", "Depth: infinity"),
    "MOVE": ("", "Overwrite: F", "Overwrite: T"),
    "PROPFIND": ("Depth: 0", "Depth: 1"),
    "PROPPATCH": ("",),
    "LOCK": ("Depth: 0", "Depth: infinity"),
    "REFRESH": ("",),
    "UNLOCK": ("",),
}
"""By method, the headers of which one step has one."""
METHODS = (*WORDS, "PUT", "PUT", "MKCOL", "COPY", "COPY", "MOVE", "MOVE", "LOCK")


def random_step(chance: Random) -> Step:
    """A request that finds something in every second case or so."""
    method = chance.choice(METHODS)
    name, _, value = chance.choice(WORDS[method]).partition(": ")
    bodies = {
        "PUT": chance.randbytes(chance.randrange(9)),
        "PROPPATCH": update((TITLE, chance.choice(("one", "two")))),
        "LOCK": lockinfo(chance.choice(("exclusive", "shared"))),
    }
    target = _path(chance) if method in ("COPY", "MOVE") else ""
    held = chance.choice(("none", "held", "held", "held", "held", "held", "held", "never"))
    return Step(method, _path(chance), target, bodies.get(method, b""), {name: value} if name else {}, held)


def random_sequence(chance: Random) -> list[Step]:
    return [random_step(chance) for _ in range(chance.randint(12, 30))]


def _path(chance: Random) -> str:
    anywhere = "/".join(chance.choice(NAMES) for _ in range(chance.randint(1, 3)))
    return chance.choice((anywhere, chance.choice(LIKELY), chance.choice(LIKELY), chance.choice(LIKELY)))


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
        root, token = near[-1] if near and step.held == "held" else (step.path, NEVER)
        if step.method == "UNLOCK":
            return {"Lock-Token": f"<{token}>"}
        if step.method == "REFRESH":
            return {"If": f"(<{token}>)"}
        if step.held == "none" or (step.held == "held" and token == NEVER):
            return {}
        return {"If": f"<{self.client.url(encoded(root))}> (<{token}>)"}

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
                if not known.goes_on:
                    return seen
        bare = any(seen[f"on purpose: {each.name}"] for each in DIFFERENCES if each.properties)
        ours, theirs = (_bare(side.tree()) if bare else side.tree() for side in sides)
        if ours != theirs:
            raise Disagreement(f"davdrive has {ours}, Apache {theirs}, after {sequence}")
    finally:
        for side in sides:
            for path, token in side.tokens:
                side.client.do("UNLOCK", encoded(path), b"", {"Lock-Token": f"<{token}>"})
        for client in both:
            client.delete(top)
    return seen


def _bare(tree: Tree) -> Tree:
    return {path: (content, "") for path, (content, _) in tree.items()}


def compare_many(both: tuple[Client, Client], how_many: int, seed: int) -> Counter[str]:
    """Random sequences; what happened how often. Raises Disagreement."""
    seen = Counter[str]()
    for number in range(how_many):
        seen += compare(both, f"t{seed}-{number}", random_sequence(Random(f"{seed} {number}")))
    return seen


KEPT = {"GET": ("ETag",), "HEAD": ("ETag",), "LOCK": ("Lock-Token",)}
"""By method, the headers that an answer of davdrive has where Apache's has them."""

NEEDED = (
    *(f"{method} {kind}" for method in WORDS if method not in ("REFRESH", "UNLOCK") for kind in ("2xx", "4xx")),
    *("REFRESH 4xx", "UNLOCK 4xx"),
)
"""What a run has to have seen, or it proved nothing."""


def require_agreement(seen: Counter[str]) -> None:
    """AssertionError when a method never succeeded or was never refused."""
    missing = [each for each in NEEDED if not seen[each]]
    assert not missing, f"nothing was proved about {missing}: {dict(seen)}"


def _step(sides: list[Side], step: Step, seen: Counter[str], where: str) -> Difference | None:
    """Do one step on both; the difference that was met."""
    ours, theirs = (side.do(step) for side in sides)
    roots = [path for path, _ in sides[0].tokens]
    known = [each for each in DIFFERENCES if each.explains(step, ours.status, theirs.status, roots)]
    if known:
        return min(known, key=lambda each: each.goes_on)  # what sets the trees apart first
    if _class(step, ours.status) != _class(step, theirs.status):
        raise Disagreement(f"{step}: davdrive {ours.status}, Apache {theirs.status} {theirs.body[:300]!r}, {where}")
    if step.method == "GET" and ours.status in (200, 206) and theirs.etag and ours.body != theirs.body:
        raise Disagreement(f"{step}: davdrive gave {ours.body!r}, Apache {theirs.body!r}, {where}")
    lost = [name for name in KEPT.get(step.method, ()) if theirs.get(name) and not ours.get(name)]
    if lost and ours.status < 300:
        raise Disagreement(f"{step}: davdrive's answer has no {lost}, Apache's has {theirs.headers}, {where}")
    if step.method == "PROPFIND" and ours.status == 207:
        found = [{_member(each) for each in Multistatus(answer.xml).hrefs} for answer in (ours, theirs)]
        if found[0] != found[1]:
            raise Disagreement(f"{step}: davdrive lists {found[0]}, Apache {found[1]}, {where}")
    seen[f"{step.method} {_class(step, ours.status)}xx"] += 1
    return None


def _class(step: Step, status: int) -> int:
    """The class of a status. mod_dav answers some refusals with a 500, for instance below a file, and both name locked
    members in a 207; that nothing happened is what counts."""
    refused = status == 207 and step.method not in ("PROPFIND", "PROPPATCH")
    return 4 if refused else min(status // 100, 4)


def _member(href: str) -> str:
    return unquote(urlsplit(href).path).rstrip("/").rpartition("/")[2]
