"""One request on a connection, in cheroot's request class: guarded head, lazy body, counted answer."""

import time

from cheroot.server import HTTPRequest

from davdrive.deadline import Deadline
from davdrive.observe.context import acceptable_request_id
from davdrive.server.answer import Answer
from davdrive.server.body import BodyReader
from davdrive.server.chunked_body import ChunkedBody
from davdrive.server.fixed_body import FixedBody
from davdrive.server.framing import CHUNKED, body_size
from davdrive.server.head import parse_head
from davdrive.server.limits import ServerLimits
from davdrive.server.refusal import Refusal
from davdrive.server.request_ports import RequestConnection, RequestServer

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class DriveRequest(HTTPRequest):
    """Replaces cheroot's lax parsing and its sending, behind the same method names."""

    server: RequestServer
    conn: RequestConnection
    environ: dict[str, object]
    body: BodyReader
    answer: Answer

    def __init__(self, server: RequestServer, conn: RequestConnection) -> None:
        self.server = server
        self.conn = conn
        self.limits: ServerLimits = server.limits
        self.ready = False
        self.close_connection = True
        self.request_id = server.next_request_id()
        self.started = time.perf_counter()

    def parse_request(self) -> None:
        """Parse the head in the connection's inbox; a bad one is answered here, and `ready` stays False."""
        environ = self.conn.base_environ.copy()
        try:
            parse_head(self.conn.inbox.take_head(), environ, self.limits)
            size = body_size(environ, self.limits)
            self._make_body(size)
            self._expectation(environ, size)
        except Refusal as refusal:
            self.conn.refuse(refusal.status, refusal.message)
            self._observe(str(environ.get("REQUEST_METHOD", "-")), refusal.status)
            return
        if self.conn.is_proxy:
            self._take_id(str(environ.get("HTTP_X_REQUEST_ID", "")))
        self._make_answer(environ)
        self.ready = True

    def _take_id(self, said: str) -> None:
        """A proxy of ours may have a name for the request already: its log and ours then agree."""
        if acceptable_request_id(said):
            self.request_id = said

    def _make_body(self, size: int) -> None:
        inbox, whole = self.conn.inbox, self.limits.whole_body_bytes
        if size == 0:
            self.body = BodyReader(inbox, 0, whole)
        elif size == CHUNKED:
            self.body = ChunkedBody(inbox, self.limits.body_bytes, whole)
        else:
            self.body = FixedBody(inbox, size, whole)

    def _expectation(self, environ: dict[str, object], size: int) -> None:
        """RFC 9110 §10.1.1: 100 is sent when the application first wants the body, so after it let the request in."""
        self.conn.inbox.before_reading = None
        expect = environ.get("HTTP_EXPECT")
        if expect is None or environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            return
        if str(expect).lower() != "100-continue":
            raise Refusal(417, "The only expectation that this server knows is 100-continue.")
        if size:
            self.conn.inbox.before_reading = self._send_continue

    def _send_continue(self) -> None:
        if not self.answer.begun:
            self.conn.channel.send_all((CONTINUE,))

    def _make_answer(self, environ: dict[str, object]) -> None:
        deadline = Deadline(self.limits.request_s)
        self.conn.begin(deadline)
        version = str(environ["SERVER_PROTOCOL"])
        keep = self._wants_keep(environ, version)
        self.answer = Answer(self.conn.channel, version, str(environ["REQUEST_METHOD"]), self.request_id, keep)
        environ["wsgi.input"] = self.body
        environ["davdrive.deadline"] = deadline
        environ["davdrive.request_id"] = self.request_id
        self.environ = environ

    def _wants_keep(self, environ: dict[str, object], version: str) -> bool:
        """RFC 9112 §9.3: does the client let the connection go on, and do we?"""
        if self.server.draining:
            return False
        field = environ.get("HTTP_CONNECTION")
        if field is None:
            return version == "HTTP/1.1"
        options = [option.strip() for option in str(field).lower().split(",")]
        if "close" in options:
            return False
        return version == "HTTP/1.1" or "keep-alive" in options

    def respond(self) -> None:
        """Let the application answer, and count it."""
        self.server.gateway(self).respond()
        answer = self.answer
        self.close_connection = not answer.keep
        if self.close_connection and not self.body.exhausted:
            self.conn.lingering = True
        self._observe(str(self.environ["REQUEST_METHOD"]), answer.code)

    def cut(self) -> None:
        """The answer cannot be finished: the client must notice, so the connection ends without the last chunk."""
        self.conn.reset = self.answer.ends_by_closing
        self.conn.lingering = False

    def _observe(self, method: str, status: int) -> None:
        channel = self.conn.channel
        seconds = time.perf_counter() - self.started
        self.server.on_request(method, status, seconds, channel.received, channel.sent)
