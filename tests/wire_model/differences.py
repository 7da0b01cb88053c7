"""Where davdrive and mod_dav differ on purpose: which is right by what text, and a sequence that shows it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from tests.support.dav import lockinfo, update


@dataclass(frozen=True)
class Step:
    """A request in words that both servers understand. `held`: which lock token it submits, "held" by this client,
    "never" granted, or "none"; REFRESH is a LOCK without a body."""

    method: str
    path: str
    target: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    held: str = "none"

    @property
    def words(self) -> set[str]:
        """The headers as lines."""
        return {f"{name}: {value}" for name, value in self.headers.items()}


@dataclass(frozen=True)
class Difference:
    """`source`: the section or the line of WIRE.md that davdrive goes by. `explains`: whether it is this, by the step,
    both statuses and the roots of the locks that were taken. `shown_by`: steps of which the last one meets it.
    `goes_on`: the trees are the same after it; `properties`: but for dead properties."""

    name: str
    source: str
    explains: Callable[[Step, int, int, Collection[str]], bool]
    shown_by: tuple[Step, ...]
    goes_on: bool = False
    properties: bool = False


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "GET and HEAD of a collection are answered 200",
        "WIRE §7: LibreOffice saves after a HEAD of the parent collection, which must not be 404",
        lambda step, ours, theirs, roots: step.method in ("GET", "HEAD") and (ours, theirs) == (200, 404),
        (Step("HEAD", "a"),),
        goes_on=True,
    ),
    Difference(
        "GET and HEAD heed the If header",
        "RFC 4918 §10.4: a request whose If header does not hold fails with 412, whatever its method",
        lambda step, ours, theirs, roots: step.method in ("GET", "HEAD") and ours == 412 and theirs in (200, 206),
        (Step("GET", "\u00e9", held="never"),),
        goes_on=True,
    ),
    Difference(
        "LOCK of an unmapped name makes an empty file",
        "RFC 4918 §7.3 (mod_dav makes a lock-null resource, RFC 2518 §7.4, which GET does not find)",
        lambda step, ours, theirs, roots: step.method == "LOCK" and ours == 201,
        (Step("LOCK", "b", body=lockinfo(), headers={"Depth": "0"}),),
    ),
    Difference(
        "a collection is not copied into itself, not even with Depth 0",
        "RFC 4918 §9.8.5: 403; the copy would be a member of what it was copied from",
        lambda step, ours, theirs, roots: step.method == "COPY" and _inside(step.target, step.path) and ours == 403,
        (Step("COPY", "a", "a/new", headers={"Depth": "0"}),),
    ),
    Difference(
        "nothing replaces the collection that holds it",
        "RFC 4918 §9.8.4: the destination is deleted first, and the source with it; mod_dav loses both",
        lambda step, ours, theirs, roots: (
            _inside(step.path, step.target) and ours in (403, 412, 423) and theirs != ours
        ),
        (Step("COPY", "a/b/c d", "a", headers={"Overwrite": "T"}),),
    ),
    Difference(
        "a copy of Depth 0 has the collection's dead properties",
        "RFC 4918 §9.8.3: the collection and its properties, but not its members (mod_dav leaves them behind)",
        lambda step, ours, theirs, roots: step.method == "COPY" and "Depth: 0" in step.words and ours < 300 > theirs,
        (
            Step("PROPPATCH", "a/b", body=update(("{urn:t}title", "two"))),
            Step("COPY", "a/b", "b", headers={"Depth": "0"}),
        ),
        goes_on=True,
        properties=True,
    ),
    Difference(
        "locks below a collection do not hinder the refresh of its own",
        "RFC 4918 §9.10.2: a refresh is of one lock, and Depth means nothing to it",
        lambda step, ours, theirs, roots: step.method == "REFRESH" and ours == 200 and theirs in (207, 423),
        (
            Step("LOCK", "a/b/c d", body=lockinfo("shared"), headers={"Depth": "0"}),
            Step("LOCK", "a/b", body=lockinfo(), headers={"Depth": "0"}),
            Step("REFRESH", "a/b", held="held"),
        ),
    ),
    Difference(
        "a lock is given back by any name in its scope, also one that nothing has",
        "RFC 4918 §9.11.1: 409 where the name is outside of the lock's scope; no other name is refused",
        lambda step, ours, theirs, roots: step.method == "UNLOCK" and ours == 204 and theirs in (400, 404),
        (
            Step("LOCK", "a", body=lockinfo(), headers={"Depth": "infinity"}),
            Step("UNLOCK", "a/nothing", held="held"),
        ),
    ),
    Difference(
        "no byte of an empty file is in a range",
        "RFC 9110 §14.2, §15.5.17: 416 (httpd ignores the range, which it may)",
        lambda step, ours, theirs, roots: step.method == "GET" and (ours, theirs) == (416, 200),
        (Step("PUT", "b"), Step("GET", "b", headers={"Range": "bytes=1-3"})),
        goes_on=True,
    ),
    Difference(
        "a new name in a locked collection cannot be locked without the token",
        "RFC 4918 §7.4, §7.3: the LOCK makes a member",
        lambda step, ours, theirs, roots: step.method == "LOCK" and ours == 423 and theirs in (200, 201),
        (
            Step("LOCK", "a", body=lockinfo("shared"), headers={"Depth": "infinity"}),
            Step("LOCK", "a/new", body=lockinfo("shared"), headers={"Depth": "0"}),
        ),
    ),
    Difference(
        "what an If header says of another resource is judged",
        "RFC 4918 §10.4.3: the whole header has to hold (mod_dav looks at what it is about to change)",
        lambda step, ours, theirs, roots: (
            (ours == 412 and theirs < 300 and step.held == "held") and step.path not in roots
        ),
        (
            Step("LOCK", "a/b", body=lockinfo(), headers={"Depth": "infinity"}),
            Step("UNLOCK", "a/b", held="held"),
            Step("PUT", "a/b/c d", body=b"new", held="held"),
        ),
    ),
    Difference(
        "a MOVE that is refused leaves the locks where they are",
        "RFC 4918 §7.7, §9.9: locks end with a move that took place (mod_dav ends them before it finds out)",
        lambda step, ours, theirs, roots: (
            ours < 300
            and theirs in (207, 412)
            and step.held == "held"
            and any(step.path == each or _inside(step.path, each) for each in roots)
        ),
        (
            Step("LOCK", "\u00e9", body=lockinfo(), headers={"Depth": "0"}),
            Step("MOVE", "\u00e9", "b/a", held="held"),
            Step("PUT", "\u00e9", body=b"new", held="held"),
        ),
    ),
    Difference(
        "a lock ends with what it locked, when something is put in its place",
        "RFC 4918 §9.8.4, §9.9.3: the destination is deleted first, and §9.6: that ends its locks (mod_dav keeps them)",
        lambda step, ours, theirs, roots: (
            ours == 204 and any(each == step.target or _inside(each, step.target) for each in roots)
        ),
        (
            Step("LOCK", "\u00e9", body=lockinfo(), headers={"Depth": "0"}),
            Step("COPY", "a/b/c d", "\u00e9", held="held"),
        ),
    ),
)


def _inside(path: str, collection: str) -> bool:
    return bool(collection) and path.startswith(collection + "/")
