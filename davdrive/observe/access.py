"""One line a request, made for the hot path: some 5 µs where a general logger takes 50."""

import json
import os
import time
from dataclasses import dataclass
from typing import Literal

from davdrive.observe.redact import printable


@dataclass(slots=True)
class Access:
    """What is told of one request. `seconds` from its first byte to its last; `sent` and `received` are body bytes."""

    method: str
    path: str
    status: int
    seconds: float
    received: int = 0
    sent: int = 0
    user: str = ""
    address: str = ""
    request: str = ""


class AccessLog:
    """Writes lines to the file descriptor `fd`, each in one write, so that lines of several workers do not mix."""

    def __init__(self, format: Literal["text", "json"], fd: int = 2) -> None:
        self._line = _as_json if format == "json" else _as_text
        self._fd = fd

    def write(self, access: Access) -> None:
        """Write a line. A log that cannot be written costs the line and not the request."""
        try:
            os.write(self._fd, self._line(access).encode("utf-8", "backslashreplace"))
        except OSError:
            return


def _stamp() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03d}Z"


def _as_json(access: Access) -> str:
    line = {
        "timestamp": _stamp(),
        "event": "request",
        "request": access.request,
        "method": access.method,
        "path": access.path,
        "status": access.status,
        "ms": round(access.seconds * 1000, 2),
        "received": access.received,
        "sent": access.sent,
        "user": access.user,
        "address": access.address,
    }
    return json.dumps(line) + "\n"


def _as_text(access: Access) -> str:
    who = f"{access.address or '-'} {printable(access.user) or '-'}"
    what = f'"{printable(access.method)} {printable(access.path)}" {access.status}'
    return f"{_stamp()} {who} {what} {access.sent}B {access.seconds * 1000:.1f}ms {access.request}\n"
