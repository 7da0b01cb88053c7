"""Where to listen: an address to bind, a Unix socket, or a socket that somebody else has bound already."""

import os
import socket
import stat
from pathlib import Path

Listen = tuple[str, int] | str | socket.socket


def parse_listen(text: str) -> tuple[str, int] | str:
    """`HOST:PORT`, `[IPv6]:PORT`, `PORT`, or `unix:PATH`; raises ValueError with a sentence."""
    if text.startswith("unix:"):
        return text
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is no address to listen on; say HOST:PORT, [IPv6]:PORT or unix:PATH")
    return host.strip("[]") or "127.0.0.1", int(port)


def bind(listen: Listen, backlog: int) -> socket.socket:
    """A listening, non-blocking socket that is not inherited. Raises OSError."""
    if isinstance(listen, socket.socket):
        sock = socket.socket(fileno=os.dup(listen.fileno()))
    else:
        where = parse_listen(listen) if isinstance(listen, str) else listen
        sock = _bind_unix(Path(where.removeprefix("unix:"))) if isinstance(where, str) else _bind_inet(*where)
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def _bind_inet(host: str, port: int) -> socket.socket:
    """The first address of `host` that can be bound; `::` takes IPv4 as well."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def _bind_unix(path: Path) -> socket.socket:
    """A Unix socket; one left behind by an earlier server is replaced."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    return sock
