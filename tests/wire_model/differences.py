"""Where davdrive and mod_dav differ on purpose: which is right by what text, and a sequence that shows it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.dav import lockinfo


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


@dataclass(frozen=True)
class Difference:
    """`source`: the section or the line of WIRE.md that davdrive goes by. `explains`: whether it is this, by the step and
    both statuses. `shown_by`: steps of which the last one meets it."""

    name: str
    source: str
    explains: Callable[[Step, int, int], bool]
    shown_by: tuple[Step, ...]


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "GET and HEAD of a collection are answered 200",
        "WIRE §7: LibreOffice saves after a HEAD of the parent collection, which must not be 404",
        lambda step, ours, theirs: step.method in ("GET", "HEAD") and (ours, theirs) == (200, 404),
        (Step("HEAD", "a"),),
    ),
    Difference(
        "GET and HEAD heed the If header",
        "RFC 4918 §10.4: a request whose If header does not hold fails with 412, whatever its method",
        lambda step, ours, theirs: step.method in ("GET", "HEAD") and ours == 412 and theirs in (200, 206),
        (Step("GET", "\u00e9", held="never"),),
    ),
    Difference(
        "LOCK of an unmapped name makes an empty file",
        "RFC 4918 §7.3 (mod_dav makes a lock-null resource, RFC 2518 §7.4, which GET does not find)",
        lambda step, ours, theirs: step.method == "LOCK" and ours == 201,
        (Step("LOCK", "b", body=lockinfo(), headers={"Depth": "0"}),),
    ),
)
