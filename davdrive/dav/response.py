"""What a method answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from davdrive.dav.status import status_line

Headers = list[tuple[str, str]]

XML = ("Content-Type", 'application/xml; charset="utf-8"')


@dataclass(slots=True)
class Response:
    """A status, headers, and the body's blocks. A body that is bytes gets its Content-Length when it is sent."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes | Iterable[bytes] = b""

    @property
    def line(self) -> str:
        return status_line(self.status)

    def wsgi_headers(self) -> Headers:
        """The headers, with Content-Length where the body's size is known (RFC 9110 §8.6)."""
        if isinstance(self.body, bytes) and self.status not in (204, 304):
            return [*self.headers, ("Content-Length", str(len(self.body)))]
        return self.headers
