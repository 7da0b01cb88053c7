"""Between a parsed request and the WSGI application (PEP 3333): calls it, sends what it answers, and survives it."""

import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from cheroot.wsgi import Gateway

from davdrive.errors import BodyMismatch, Cancelled, Damaged, DriveError, StorageFull, TooLarge, Unavailable
from davdrive.server.answer import Answer
from davdrive.server.answer_head import AnswerHead
from davdrive.server.pace import TooSlow
from davdrive.server.refusal import PHRASES

if TYPE_CHECKING:
    from davdrive.server.request import DriveRequest

LOG = logging.getLogger("davdrive.server")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

FAILURES: tuple[tuple[type[DriveError], int], ...] = (
    (TooSlow, 408),
    (BodyMismatch, 400),
    (TooLarge, 413),
    (Unavailable, 503),
    (Cancelled, 503),
    (StorageFull, 507),
    (Damaged, 503),  # found when the first byte is wanted; the store may be back for the next try
)
"""Kinds that an application may leave to the server, in the order in which they are looked at. All others are 500."""

RETRY_AFTER_S = 5
"""For a 503 whose error does not say itself when to come again."""


class DriveGateway(Gateway):
    """One call of the application."""

    req: "DriveRequest"

    def __init__(self, req: "DriveRequest") -> None:
        self.req = req
        self.answer: Answer = req.answer

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """The WSGI callable: remembers the head, which goes out with the first block."""
        if exc_info is not None and self.answer.begun:
            raise exc_info[1].with_traceback(exc_info[2])
        self.answer.announce(AnswerHead(status, headers))
        return self._write

    def _write(self, block: bytes) -> None:
        """The imperative `write` of PEP 3333, for old applications."""
        if block:
            self.answer.write(block, self.req.body, self.req.limits.drain_bytes)

    def respond(self) -> None:
        """Call the application and send its answer; never raises."""
        result: Any = None
        try:
            result = self.req.server.wsgi_app(self.req.environ, self.start_response)
            self._send(result)
        except (Exception, SystemExit) as error:
            self._failed(error)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                self._close(close)

    def _send(self, result: Iterable[bytes]) -> None:
        self.answer.send(result, self.req.body, self.req.limits.drain_bytes)

    def _close(self, close: Callable[[], None]) -> None:
        try:
            close()
        except Exception:
            LOG.exception("closing an answer failed", extra={"request_id": self.req.request_id})

    def _failed(self, error: BaseException) -> None:
        answer = self.answer
        answer.keep = False
        if answer.begun:
            self._log_broken(error)
            self.req.cut()
            return
        status = next((status for kind, status in FAILURES if isinstance(error, kind)), 500)
        if status == 500:
            number = self.req.request_id
            LOG.error("request %s failed", number, exc_info=error, extra={"request_id": number})
        self._answer_failure(status, error)

    def _answer_failure(self, status: int, error: BaseException) -> None:
        """A bare answer in plain text: a sentence of a DriveError, nothing at all of another exception."""
        text = str(error) if status != 500 else f"The server failed on request {self.req.request_id}."
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        if status == 503:
            headers.append(("Retry-After", str(getattr(error, "retry_after_s", RETRY_AFTER_S))))
        try:
            self.answer.announce(AnswerHead(f"{status} {PHRASES[status]}", headers))
            self._send([text.encode("utf-8") + b"\n"])
        except (OSError, DriveError) as broken:
            self._log_broken(broken)
            self.req.cut()
        self.answer.keep = False

    def _log_broken(self, error: BaseException) -> None:
        """The answer had begun: a client that left is everyday, a store that fails was foreseen, anything else is worth
        a trace."""
        number = self.req.request_id
        if isinstance(error, (ConnectionError, TimeoutError, TooSlow, Cancelled)):
            LOG.info("request %s ended early: %s", number, error, extra={"request_id": number})
        elif isinstance(error, DriveError):
            LOG.warning("request %s broke off in its answer: %s", number, error, extra={"request_id": number})
        else:
            LOG.error("request %s broke off in its answer", number, exc_info=error, extra={"request_id": number})
