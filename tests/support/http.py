"""A tiny HTTP client that sends exactly the bytes it is told to, and reads answers with the standard library."""

import base64
import io
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any
from xml.etree import ElementTree

from tests.support.prompt import prompt

TIMEOUT_S = 20.0
Body = bytes | Iterable[bytes]


@dataclass(frozen=True)
class Answer:
    """What came back. `closes`: whether the server said that it ends the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    closes: bool = False

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """A header's value, empty where it is missing."""
        return ", ".join(self.all(name))

    @property
    def etag(self) -> str:
        return self.get("ETag")

    @property
    def token(self) -> str:
        """The lock token of a LOCK answer, without its brackets."""
        return self.get("Lock-Token").strip("<>")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)


class _Kept(io.BufferedReader):
    """What came and was not read yet, for one answer after the other: the end of an answer does not close it."""

    def makefile(self, _: str) -> "_Kept":
        return self

    def close(self) -> None:
        """The connection closes the socket."""


class Connection:
    """One connection, kept until it is closed."""

    def __init__(self, address: tuple[str, int], timeout_s: float = TIMEOUT_S) -> None:
        self.sock = prompt(socket.create_connection(address, timeout=timeout_s))
        self._raw = self.sock.makefile("rb", buffering=0)
        self._came = _Kept(self._raw)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, method: str = "GET") -> Answer:
        """The next answer, interim ones passed over."""
        response = HTTPResponse(self._came, method=method)  # type: ignore[arg-type]
        try:
            response.begin()
            body = response.read()
            return Answer(response.status, tuple(response.getheaders()), body, response.will_close)
        finally:
            response.close()

    def is_closed_by_peer(self, within_s: float = 5.0) -> bool:
        """Whether the server ends the connection."""
        self.sock.settimeout(within_s)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()
        self.sock.close()


def head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request's head; characters stand for bytes where they fit one, else for UTF-8."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    text = "\r\n".join(lines)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def chunks(body: Iterable[bytes]) -> Iterator[bytes]:
    """A chunked body."""
    for block in body:
        yield b"%x\r\n%s\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


@dataclass(frozen=True)
class Client:
    """Requests of one user below `base`, a URL path without a trailing slash. Paths are sent as they are given."""

    address: tuple[str, int]
    user: str = ""
    password: str = ""
    base: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def at(self, base: str) -> "Client":
        """The same user below another path."""
        return Client(self.address, self.user, self.password, base, self.fixed)

    def path(self, path: str) -> str:
        """The URL path of a place below the base."""
        return f"{self.base}/{path}" if path else self.base + "/"

    def url(self, path: str) -> str:
        return self.origin + self.path(path)

    def headers(self, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
        """What every request of this user carries, and `extra`; a value of None leaves a header out."""
        wanted: dict[str, Any] = {"Host": f"{self.address[0]}:{self.address[1]}", **self.fixed}
        if self.user:
            secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            wanted["Authorization"] = f"Basic {secret}"
        wanted.update(extra or {})
        return {name: str(value) for name, value in wanted.items() if value is not None}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with Connection(self.address) as connection:
            yield connection

    def message(
        self, method: str, path: str = "", body: Body = b"", headers: Mapping[str, Any] | None = None
    ) -> Iterator[bytes]:
        """The blocks of a request. A body that is not bytes is chunked."""
        framing = {"Content-Length": len(body)} if isinstance(body, bytes) else {"Transfer-Encoding": "chunked"}
        if body == b"" and method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            framing = {}
        target = path if path.startswith(("/", "http:", "*")) else self.path(path)
        start = head(method, target, self.headers({**framing, **(headers or {})}))
        yield start + body if isinstance(body, bytes) and len(body) < 65536 else start
        if not isinstance(body, bytes):
            yield from chunks(body)
        elif len(body) >= 65536:
            yield body

    def on(
        self,
        connection: Connection,
        method: str,
        path: str = "",
        body: Body = b"",
        headers: Mapping[str, Any] | None = None,
    ) -> Answer:
        """A request on a connection that is kept."""
        for block in self.message(method, path, body, headers):
            try:
                connection.send(block)
            except ConnectionError:
                break  # refused before the end; the answer says why
        return connection.read(method)

    def do(self, method: str, path: str = "", body: Body = b"", headers: Mapping[str, Any] | None = None) -> Answer:
        """A request on a connection of its own. `path` is below the base, or absolute when it begins with a slash."""
        with self.connection() as connection:
            return self.on(connection, method, path, body, headers)

    def get(self, path: str = "", **headers: str) -> Answer:
        return self.do("GET", path, headers=_names(headers))

    def put(self, path: str, body: Body = b"", **headers: str) -> Answer:
        return self.do("PUT", path, body, _names(headers))

    def mkcol(self, path: str, **headers: str) -> Answer:
        return self.do("MKCOL", path, headers=_names(headers))

    def delete(self, path: str, **headers: str) -> Answer:
        return self.do("DELETE", path, headers=_names(headers))

    def transfer(self, method: str, path: str, target: str, **headers: str) -> Answer:
        """COPY or MOVE to another place below the base."""
        return self.do(method, path, headers={"Destination": self.url(target), **_names(headers)})


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
