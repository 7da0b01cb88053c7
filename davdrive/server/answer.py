"""An answer on its way out: head and first block together, then block by block (RFC 9112 §6, §7)."""

from collections.abc import Iterable
from pathlib import Path

from davdrive.server.answer_head import AnswerHead
from davdrive.server.body import BodyReader
from davdrive.server.channel import Channel
from davdrive.server.file_ranges import send_ranges

FileRange = tuple[Path, int, int]


class BadAnswer(Exception):
    """The application broke the WSGI contract, or its body is not as long as it said."""


class Answer:
    """Sends one answer. `keep` is False as soon as the connection cannot carry another request."""

    __slots__ = ("_channel", "_chunked", "_head", "_left", "_method", "_request_id", "_version", "begun", "keep")

    def __init__(self, channel: Channel, version: str, method: str, request_id: str, keep: bool) -> None:
        self._channel = channel
        self._version = version
        self._method = method
        self._request_id = request_id
        self._chunked = False
        self._head: AnswerHead | None = None
        self._left: int | None = None
        self.begun = False
        self.keep = keep

    @property
    def code(self) -> int:
        """The status that was or will be sent; 500 if none is known."""
        return self._head.code if self._head is not None else 500

    @property
    def ends_by_closing(self) -> bool:
        """True if nothing but the end of the connection tells the client where this answer ends."""
        return not self._chunked and self._left is None

    def announce(self, head: AnswerHead) -> None:
        """Take the head; it is sent with the first block. May be called again until then."""
        self._head = head

    def send(self, result: Iterable[bytes], body: BodyReader, drain_bytes: int) -> None:
        """Send the application's whole result. Raises BadAnswer, OSError, and whatever the iterable raises."""
        if type(result) is list and len(result) == 1:
            self._only_block(result[0], body, drain_bytes)
            return
        ranges = self._ranges_of(result)
        if ranges is not None:
            self._send_files(ranges, body, drain_bytes)
            return
        if self._head is None or self._head.has_body(self._method):
            for block in result:
                if block:
                    self.write(block, body, drain_bytes)
        self.finish(body, drain_bytes)

    def _ranges_of(self, result: Iterable[bytes]) -> list[FileRange] | None:
        """What `result.file_ranges()` names, if it has such a method and the connection can send files."""
        ask = getattr(result, "file_ranges", None) if self._channel.sendfile_works else None
        if ask is None:
            return None
        ranges: list[FileRange] | None = ask()
        return ranges

    def _only_block(self, block: bytes, body: BodyReader, drain_bytes: int) -> None:
        """A body of one known block needs no chunks (PEP 3333, "Handling the Content-Length Header")."""
        head = self._announced()
        if not self.begun and head.length is None and head.has_body(self._method):
            head.length = len(block)
            head.lines.append(f"Content-Length: {len(block)}")
        if block:
            self.write(block, body, drain_bytes)
        self.finish(body, drain_bytes)

    def write(self, block: bytes, body: BodyReader, drain_bytes: int) -> None:
        """Send one block, after the head if that has not gone yet."""
        parts: list[bytes] = []
        if not self.begun:
            parts.append(self._begin(body, drain_bytes))
        if self._announced().has_body(self._method):
            self._frame(block, parts)
        if parts:
            self._channel.send_all(parts)

    def _frame(self, block: bytes, parts: list[bytes]) -> None:
        if self._chunked:
            parts += (b"%x\r\n" % len(block), block, b"\r\n")
            return
        if self._left is not None:
            if len(block) > self._left:
                raise BadAnswer("the answer is longer than its Content-Length")
            self._left -= len(block)
        parts.append(block)

    def _announced(self) -> AnswerHead:
        if self._head is None:
            raise BadAnswer("the application sent a body before start_response")
        return self._head

    def _begin(self, body: BodyReader, drain_bytes: int) -> bytes:
        """Decide framing and connection, and render the head."""
        head = self._announced()
        if not body.exhausted:
            body.swallow(drain_bytes)
        http11 = self._version == "HTTP/1.1"
        extra = ""
        if head.length is None and head.has_body(self._method):
            self._chunked = http11
            extra = "Transfer-Encoding: chunked" if http11 else ""
        endless = head.length is None and not self._chunked and head.has_body(self._method)
        closes = head.close or endless or not body.exhausted
        self.keep = self.keep and not closes
        if self.keep != http11:
            word = "Connection: keep-alive" if self.keep else "Connection: close"
            extra = f"{extra}\r\n{word}" if extra else word
        rendered = head.rendered("HTTP/1.1", self._request_id, extra)
        self._left = head.length if head.has_body(self._method) else None
        self.begun = True
        return rendered

    def finish(self, body: BodyReader, drain_bytes: int) -> None:
        """The result is at its end: send what is still to be sent, and see that the body was whole."""
        if not self.begun:
            head = self._announced()
            if head.length is None and head.has_body(self._method):
                head.length = 0
                head.lines.append("Content-Length: 0")
            self._channel.send_all((self._begin(body, drain_bytes),))
        elif self._chunked and self._announced().has_body(self._method):
            self._channel.send_all((b"0\r\n\r\n",))
        if self._left:
            raise BadAnswer("the answer is shorter than its Content-Length")

    def _send_files(self, ranges: list[FileRange], body: BodyReader, drain_bytes: int) -> None:
        head = self._announced()
        total = sum(length for _, _, length in ranges)
        if head.length is None:
            head.length = total
            head.lines.append(f"Content-Length: {total}")
        if not head.has_body(self._method):
            self._channel.send_all((self._begin(body, drain_bytes),))
            return
        if head.length != total:
            raise BadAnswer("the file ranges are not as long as the Content-Length")
        send_ranges(self._channel, ranges, lambda: self._begin(body, drain_bytes))
        self._left = 0
