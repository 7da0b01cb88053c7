"""What a request needs of the server and of its connection: it names its needs, so it need not import their owners."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from cheroot.server import Gateway

from davdrive.deadline import Deadline
from davdrive.server.channel import Channel
from davdrive.server.hooks import OnRequest
from davdrive.server.inbox import Inbox
from davdrive.server.limits import ServerLimits


class RequestServer(Protocol):
    """What a request and its gateway need of the server."""

    limits: ServerLimits
    draining: bool
    gateway: Callable[[Any], Gateway]
    wsgi_app: Callable[..., Iterable[bytes]]
    on_request: OnRequest

    def next_request_id(self) -> str:
        """A number that no other request of any worker has."""


class RequestConnection(Protocol):
    """What a request needs of its connection. `lingering`: close late; `reset`: close so that the client notices;
    `is_proxy`: the other end is a proxy of ours."""

    base_environ: dict[str, object]
    channel: Channel
    inbox: Inbox
    is_proxy: bool
    lingering: bool
    reset: bool

    def begin(self, deadline: Deadline) -> None:
        """A request begins on this connection."""

    def refuse(self, status: int, message: str, extra: str = "") -> None:
        """Answer in plain text; the connection lingers and closes."""
