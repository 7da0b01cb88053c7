"""What is seen of each request: its id in every line of the log, a line of its own, its numbers, a span."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from davdrive.observe.access import Access, AccessLog
from davdrive.observe.context import RequestFields, begin_request, end_request, shown_path
from davdrive.observe.logs import get_logger
from davdrive.observe.metrics import record
from davdrive.observe.tracing import span, tracing

LOG = get_logger("davdrive.requests")
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# What the server refused before any application saw it, by the status that it gave.
REFUSED: Mapping[int, str] = {
    400: "bad_framing",
    408: "slow_head",
    413: "body_too_large",
    414: "line_too_long",
    417: "expectation",
    431: "headers_too_large",
    503: "queue_full",
}


class RequestWatch:
    """Looks on from both sides of a request: `wrap` around the application as it begins, `on_request` as the server
    has sent the last byte, in the same thread.

    `access`: where a line for each request goes, None for nowhere. A request of `slow_s` seconds or more is logged
    anyway; 0 never. `client_of`: the client's address, from the environ.
    """

    def __init__(
        self, client_of: Callable[[dict[str, Any]], str], access: AccessLog | None = None, slow_s: float = 0.0
    ) -> None:
        self._client_of = client_of
        self._access = access
        self._slow_s = slow_s or float("inf")

    def wrap(self, app: Wsgi) -> Wsgi:
        """`app`, with everything inside it bound to its request."""

        def seen(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            fields = begin_request(environ)
            if tracing():
                fields.span = span(str(environ["REQUEST_METHOD"]), path=shown_path(environ))
                fields.span.__enter__()
            return app(environ, start_response)

        return seen

    def on_request(self, method: str, status: int, seconds: float, received: int, sent: int) -> None:
        """The server's hook: `received` bytes of the body came, `sent` bytes of the answer went."""
        fields = end_request()
        record().request(method, status, seconds, received, sent)
        if fields is None:
            record().refused(REFUSED.get(status, "other"))
            return
        if fields.span is not None:
            fields.span.__exit__(None, None, None)
        if self._access is not None:
            self._access.write(self._line(fields, method, status, seconds, received, sent))
        if seconds >= self._slow_s:
            LOG.warning("slow request", **dict(fields), status=status, seconds=round(seconds, 3), sent=sent)

    def _line(
        self, fields: RequestFields, method: str, status: int, seconds: float, received: int, sent: int
    ) -> Access:
        environ: Any = fields.environ
        user = str(environ.get("wsgidav.auth.user_name") or "")
        request = str(environ.get("davdrive.request_id") or "")
        client = self._client_of(environ)
        return Access(method, shown_path(environ), status, seconds, received, sent, user, client, request)
