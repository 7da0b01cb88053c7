"""The kinds of values that options have beside pydantic's own: places to listen, networks, lists in one text."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, GetPydanticSchema

_PORT_MAX = 65535


class Section(BaseModel):
    """Base of every group of options: nothing unknown, nothing changed after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


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


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("write a number")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    return value


def _split(value: object) -> object:
    """`"a, b"` is two items, since a variable of the environment holds one text."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _no_blank(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("write a path")
    return value


Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=0)]
PositiveCount = Annotated[int, BeforeValidator(_no_bool), Field(ge=1)]
# A number of bytes: `65536`, `"64 KiB"`, `"1 GiB"`.
ByteCount = Annotated[int, GetPydanticSchema(lambda _, handler: handler(ByteSize)), BeforeValidator(_no_bool)]
Seconds = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, allow_inf_nan=False)]
# A file or folder; `~` is the home directory.
OnePath = Annotated[Path, BeforeValidator(_no_blank), AfterValidator(Path.expanduser)]
Listen = Annotated[ListenAddress, BeforeValidator(parse_listen)]
PublicUrls = Annotated[tuple[Annotated[str, AfterValidator(check_public_url)], ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(check_network)], ...], BeforeValidator(_split)]
