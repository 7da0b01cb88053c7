"""The head of an answer: status line and headers as bytes, with what the server itself adds."""

import email.utils
import time
from collections.abc import Iterable

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"})
"""Fields that the server alone decides (RFC 9110 §7.6.1); an application's `Connection: close` is honoured."""
SERVER_NAME = "davdrive"

_date_at = 0
_date = ""


def http_date() -> str:
    """The Date of now, made once a second."""
    global _date_at, _date
    now = int(time.time())
    if now != _date_at:
        _date = email.utils.formatdate(now, usegmt=True)
        _date_at = now
    return _date


class AnswerHead:
    """What the application said in `start_response`. Raises ValueError for what must not go on the wire."""

    __slots__ = ("close", "code", "length", "lines", "status")

    def __init__(self, status: str, headers: Iterable[tuple[str, str]]) -> None:
        self.status = status
        self.code = int(status[:3])
        self.length: int | None = None
        self.close = False
        self.lines = lines = [""]
        dated = served = False
        for name, value in headers:
            low = name.lower()
            if low == "content-length":
                self.length = int(value)
            elif low in HOP_BY_HOP:
                self.close = self.close or (low == "connection" and "close" in value.lower())
                continue
            elif low == "date":
                dated = True
            elif low == "server":
                served = True
            lines.append(f"{name}: {value}")
        if not dated:
            lines.append("Date: " + http_date())
        if not served:
            lines.append("Server: " + SERVER_NAME)

    def has_body(self, method: str) -> bool:
        """False for answers that end with their head (RFC 9112 §6.3)."""
        return method != "HEAD" and self.code not in (204, 304) and self.code >= 200

    def rendered(self, version: str, request_id: str, extra: str) -> bytes:
        """The whole head. `extra` are lines joined by CRLF that the server adds, or the empty text."""
        lines = self.lines
        lines[0] = f"{version} {self.status}"
        lines.append("X-Request-Id: " + request_id)
        if extra:
            lines.append(extra)
        count = len(lines) + extra.count("\n") + 1
        lines.append("\r\n")
        text = "\r\n".join(lines)
        if text.count("\n") != count or text.count("\r") != count or "\0" in text:
            raise ValueError("a header of the answer holds a line break or NUL")
        return text.encode("latin-1")
