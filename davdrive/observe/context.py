"""What is known about the request under way, for every log line and span that belongs to it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from types import MappingProxyType
from typing import Any, ClassVar, ParamSpec, TypeVar

REQUEST_ID = "request"
SECRET_PATH = "/-/links/"
_NOTHING: Mapping[str, object] = MappingProxyType({})
_bound: ContextVar[Mapping[str, object]] = ContextVar("davdrive_request", default=_NOTHING)
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
P = ParamSpec("P")
R = TypeVar("R")


def acceptable_request_id(text: str) -> bool:
    """Whether an id that a trusted proxy sent may go into logs and headers as it is."""
    return _ACCEPTABLE_ID.fullmatch(text) is not None


class RequestFields(Mapping[str, object]):
    """What the environ of a request says, looked up when a line is written and not before: most requests write none."""

    __slots__ = ("environ", "span")
    NAMES: ClassVar = {
        REQUEST_ID: "davdrive.request_id",
        "method": "REQUEST_METHOD",
        "path": "PATH_INFO",
        "user": "wsgidav.auth.user_name",
    }

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = environ
        self.span: AbstractContextManager[Any] | None = None

    def __getitem__(self, name: str) -> object:
        return shown_path(self.environ) if name == "path" else self.environ[self.NAMES[name]]

    def __iter__(self) -> Iterator[str]:
        return (name for name, key in self.NAMES.items() if key in self.environ)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def shown_path(environ: Mapping[str, Any]) -> str:
    """The path as it was sent, without a query and without the secret of a link."""
    raw = str(environ.get("REQUEST_URI") or environ.get("PATH_INFO") or "").partition("?")[0]
    return SECRET_PATH + "…" if raw.startswith(SECRET_PATH) else raw


def begin_request(environ: Mapping[str, Any]) -> RequestFields:
    """From now on everything in this thread belongs to the request of `environ`, until `end_request`."""
    fields = RequestFields(environ)
    _bound.set(fields)
    return fields


def end_request() -> RequestFields | None:
    """The request that ended in this thread; None if none had begun."""
    fields = _bound.get()
    _bound.set(_NOTHING)
    return fields if isinstance(fields, RequestFields) else None


def bound_fields() -> Mapping[str, object]:
    """All that is bound now; empty outside a request."""
    return _bound.get()


def request_id() -> str:
    """The id of the request under way, or empty outside of one."""
    return str(_bound.get().get(REQUEST_ID, ""))


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """The function as it would run here, to be handed to another thread: its log lines keep the request's id."""
    context = copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)

    return run
