"""The kinds of values that options have: counts, byte counts, seconds, addresses, URLs."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_AMOUNT = re.compile(r"\s*(\d+)\s*([A-Za-z]*)\s*")
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
    """Read `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (every address) or `unix:/path`; ValueError says what is wrong."""
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


def parse_bytes(value: object) -> object:
    """Read `65536`, `"64 KiB"` or `"1 GiB"` as a number of bytes; other types are left for the type check."""
    if not isinstance(value, str):
        return value
    match = _AMOUNT.fullmatch(value)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("write a number of bytes, or one with KiB, MiB, GiB or TiB")
    return int(match[1]) * _UNITS[match[2].upper()]


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("write a number")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    return value


def parse_list(value: object) -> object:
    """Read `"a, b"` as two items, since a variable of the environment holds one text."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


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


Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=0)]
PositiveCount = Annotated[int, BeforeValidator(_no_bool), Field(ge=1)]
ByteCount = Annotated[int, BeforeValidator(parse_bytes), BeforeValidator(_no_bool), Field(ge=0)]
Seconds = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, allow_inf_nan=False)]
Listen = Annotated[ListenAddress, BeforeValidator(parse_listen)]
PublicUrls = Annotated[tuple[Annotated[str, AfterValidator(check_public_url)], ...], BeforeValidator(parse_list)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(check_network)], ...], BeforeValidator(parse_list)]
