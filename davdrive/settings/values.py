"""The values that options have beside numbers and texts: where to listen, secrets, URLs, networks."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

MASK = "********"
_PORT_MAX = 65535


class Secret:
    """A text that does not show itself in a repr, a log or an error message."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself; empty when none was given."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return MASK if self._text else "''"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where the server listens: `host` and `port`, or a Unix socket at `path` (then host is empty and port 0)."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(value: object) -> ListenAddress:
    """Read `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (every IPv4 address) or `unix:/path`; ValueError says what is wrong."""
    if isinstance(value, ListenAddress):
        return value
    text = str(value)
    if text.startswith("unix:") and len(text) > len("unix:"):
        return ListenAddress("", 0, text.removeprefix("unix:"))
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _PORT_MAX:
        raise ValueError("write it as HOST:PORT, [IPV6]:PORT or unix:/path")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("write an IPv6 address in brackets, as in [::1]:8080")
    return ListenAddress(host.strip("[]") or "0.0.0.0", int(port))


def check_public_url(value: str) -> str:
    """Return an http or https URL with a host and without query or trailing slash; ValueError otherwise."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write it as https://drive.example.org or https://example.org/prefix")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("a public URL has no query, fragment or user")
    return value.rstrip("/")


def check_network(value: str) -> str:
    """Return an address or network as it was written, or `unix`; ValueError otherwise."""
    if value != "unix":
        ipaddress.ip_network(value, strict=False)
    return value
