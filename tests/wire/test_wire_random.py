"""Random requests, sensible and senseless: none is answered 500, and the tree is sound afterwards."""

import random
from http.client import HTTPException

import pytest

from tests.support.dav import OC, WIN32, D, locked, lockinfo, prop, update
from tests.support.http import Answer, Client
from tests.support.peers import Peer

ROUNDS = 700
METHODS = (
    *("GET", "PUT", "MKCOL", "COPY", "MOVE", "PROPFIND") * 3, "HEAD", "DELETE", "DELETE", "PROPPATCH", "LOCK", "UNLOCK",
    "OPTIONS", "PATCH", "REPORT", "POST",
)  # fmt: skip
NAMES = ("a", "b", "c", "d", "%C3%A9", "e%CC%81", "A", "a b")
BAD_NAMES = ("..", "%00", "x" * 260, "a%2Fb", "", "%E2%80%AE", "*", "%")
HEADERS: dict[str, tuple[str, ...]] = {
    "Depth": ("0", "1", "infinity", "2", ""),
    "Overwrite": ("T", "F", "t", "x"),
    "If": (
        "(<{token}>)",
        "(Not <DAV:no-lock>)",
        "({etag})",
        "([{etag}])",
        "<{url}> (<{token}>)",
        "()",
        "<>",
        "<{url}>",
    ),
    "If-Match": ("*", "{etag}", '"x"', "W/{etag}", "", ","),
    "If-None-Match": ("*", "{etag}", '"x"', ""),
    "If-Modified-Since": ("{date}", "never", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
    "If-Unmodified-Since": ("{date}", "Thu, 99 Foo 1970 00:00:00 GMT"),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=5-", "bytes=0-0,2-3,-1", "bytes=9-1", "lines=1-2", "bytes=,,,"),
    "If-Range": ("{etag}", "{date}", '"x"'),
    "Timeout": ("Infinite", "Second-1", "Second-99999999999", "Second--1", "x"),
    "Lock-Token": ("<{token}>", "{token}", "<>", "<urn:x>"),
    "X-OC-Mtime": ("0", "-1", "1e5", "1700000000.5", "99999999999", "nan"),
    "OC-Checksum": ("SHA1:x", "MD5:", "SHA256:" + "0" * 64, "ADLER32:00000001"),
    "Content-Range": ("bytes 0-0/1", "bytes */5"),
    "X-Update-Range": ("append", "bytes=0-1", "bytes=-1"),
    "Content-Type": ("text/html", "application/x-sabredav-partialupdate", "\u00e9", 'a/b; c="d'),
    "X-Expected-Entity-Length": ("3", "x"),
    "Want-Repr-Digest": ("sha-256=1", "md5=9", "x"),
    "Prefer": ("return=minimal", "depth-noroot", 'x="', ""),
    "Accept": ("text/html", "*/*"),
    "Expect": ("100-continue",),
}
Sent = bytes | list[bytes]
CONTENTS: tuple[Sent, ...] = (b"", b"x", b"xyz" * 40_000, [b"a", b"bc"])
FITTING: dict[str, tuple[Sent, ...]] = {
    "PUT": CONTENTS,
    "PATCH": CONTENTS,
    "PROPFIND": (b"", prop(D + "getetag", OC + "checksums"), b'<propfind xmlns="DAV:"><propname/></propfind>'),
    "PROPPATCH": (
        update(("{urn:x}a", "1")), update((D + "lastmodified", "5")), update((D + "getetag", "5")),
        update((WIN32 + "Win32FileAttributes", "20"), remove=("{urn:x}a",)),
    ),
    "LOCK": (lockinfo(), lockinfo("shared"), lockinfo("shared"), b""),
}  # fmt: skip
BODIES = (*(body for bodies in FITTING.values() for body in bodies), b"<", b"\xff\xfe<\0", b"<a xmlns:b=''/>")


class Chance:
    """One sequence of requests."""

    def __init__(self, seed: int, client: Client) -> None:
        self.random = random.Random(seed)
        self.client = client
        client.put("a", b"content")
        self.known = {
            "token": locked(client, "b"), "etag": client.get("a").etag, "url": client.url("b"),
            "date": client.get("a").get("Last-Modified"),
        }  # fmt: skip

    def path(self) -> str:
        depth = self.random.choice((1, 1, 1, 2, 2, 3))
        names = BAD_NAMES if self.random.random() < 0.05 else NAMES
        return "/".join(self.random.choice(names) for _ in range(depth)) + self.random.choice(("", "", "", "", "/"))

    def headers(self, method: str) -> dict[str, str]:
        chosen = self.random.sample(list(HEADERS), self.random.choice((0, 0, 0, 0, 1, 2, 4)))
        found = {name: self.random.choice(HEADERS[name]).format(**self.known) for name in chosen}
        if method in ("COPY", "MOVE") and self.random.random() < 0.95:
            found["Destination"] = self.client.url(self.path())
        return found

    def body(self, method: str) -> Sent:
        fits = self.random.random() < 0.9
        return self.random.choice(FITTING.get(method, (b"",)) if fits else BODIES)

    def ask(self) -> Answer | None:
        method, path = self.random.choice(METHODS), self.path()
        headers, body = self.headers(method), self.body(method)
        try:
            answer = self.client.do(method, path, body, headers)
        except (HTTPException, ConnectionError):
            raise AssertionError(f"no answer to {method} {path} {headers}") from None
        assert answer.status < 500 or answer.status in (501, 502, 507), f"{method} {path} {headers}: {answer}"
        return answer


@pytest.mark.parametrize("seed", range(2))
def test_no_request_is_answered_500(seed: int, peer: Peer) -> None:
    chance = Chance(seed, peer.bob)
    for _ in range(ROUNDS):
        chance.ask()
    checked = peer.server.command("check", check=False)
    assert checked.returncode == 0, checked.stdout
