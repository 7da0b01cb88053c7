"""What the tus application works with, put together by the composition root."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions
from davdrive.web.router import Wsgi

PREFIX = "/-/tus"


class Verdict(Protocol):
    """What HTTP says about an error: `404 Not Found`."""

    @property
    def line(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TusSite:
    """`authenticate` wraps an application in the middleware that puts `davdrive.caller` into the environ; `verdict` is
    the one table from errors to statuses; `conditions` reads a request's preconditions; `origin` gives the URL under
    which the client knows this server, without a trailing slash."""

    backend: Backend
    authenticate: Callable[[Wsgi], Wsgi]
    verdict: Callable[[BaseException], Verdict]
    conditions: Callable[[Mapping[str, Any]], Conditions]
    origin: Callable[[Mapping[str, Any]], str]


@dataclass(slots=True)
class TusAnswer:
    """A status line, headers and a short body in plain text."""

    line: str
    headers: Sequence[tuple[str, str]] = ()
    text: str = ""

    def blocks(self) -> Iterable[bytes]:
        return [self.text.encode() + b"\n"] if self.text else []
