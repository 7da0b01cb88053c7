"""The Authorization header, parsed into a typed value; whatever it holds, nothing is raised.

Basic is RFC 7617, Digest RFC 7616, Bearer RFC 6750, the grammar of all three RFC 9110 §11.4.
"""

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NONCE_COUNT = re.compile(r"[0-9a-fA-F]{8}")
MAX_HEADER_CHARACTERS = 8192
MAX_USER_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no Authorization header."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """There is one that says nothing usable. `reason` is a sentence for the log and for the 401's body."""

    reason: str


@dataclass(frozen=True, slots=True)
class Basic:
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Basic(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class Bearer:
    token: str

    def __repr__(self) -> str:
        return "Bearer()"


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """A client's answer to a Digest challenge (RFC 7616 §3.4); `nc` is how often it used the nonce."""

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    cnonce: str
    nc: int


Credentials = Absent | Malformed | Basic | Bearer | DigestAnswer


def parse_authorization(header: str | None) -> Credentials:
    """Parse a header as WSGI gives it, its bytes as Latin-1. A user sent as `DOMAIN\\user` is the user."""
    if not header or not header.strip():
        return Absent()
    if len(header) > MAX_HEADER_CHARACTERS:
        return Malformed("The Authorization header is too long.")
    scheme, _, rest = header.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _basic(rest.strip())
        case "digest":
            return _digest(rest)
        case "bearer":
            # Microsoft Office probes with an empty one.
            return Bearer(rest.strip()) if rest.strip() else Malformed("The Bearer token is empty.")
    return Malformed("This server does not know that authentication scheme.")


def _basic(text: str) -> Credentials:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Malformed("The Basic credentials are not base64.")
    name, colon, password = _decoded(raw).partition(":")
    if not colon:
        return Malformed("The Basic credentials hold no colon.")
    user = _user(name)
    if user is None or _CONTROL.search(password):
        return Malformed("The user or password holds control characters, or the user is too long.")
    return Basic(user, password)


def _decoded(raw: bytes) -> str:
    """UTF-8 as RFC 7617 §2.1 asks, or Latin-1 as older clients send."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _user(name: str) -> str | None:
    user = unicodedata.normalize("NFC", name.rpartition("\\")[2])
    return None if len(user) > MAX_USER_CHARACTERS or _CONTROL.search(user) else user


def _digest(text: str) -> Credentials:
    found = _parameters(text)
    if found is None:
        return Malformed("The Digest credentials cannot be read.")
    plain = found.get("username")
    extended = _extended(found.get("username*", ""))
    user = _user(extended if plain is None else _decoded(plain.encode("latin-1", "replace")))
    wanted = ("realm", "nonce", "uri", "response", "cnonce", "nc")
    if user is None or any(name not in found for name in wanted) or not _NONCE_COUNT.fullmatch(found["nc"]):
        return Malformed("The Digest credentials lack a parameter, or have a bad one.")
    return DigestAnswer(
        user=user,
        realm=found["realm"],
        nonce=found["nonce"],
        uri=found["uri"],
        response=found["response"],
        algorithm=found.get("algorithm", "MD5").upper(),
        qop=found.get("qop", ""),
        cnonce=found["cnonce"],
        nc=int(found["nc"], 16),
    )


def _parameters(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _PARAMETER.match(text, at)
        if match is None or match[1].lower() in found:
            return None
        quoted, token = match[2], match[3]
        found[match[1].lower()] = token if quoted is None else _ESCAPE.sub(r"\1", quoted)
        at = match.end()
    return found


def _extended(value: str) -> str:
    """A `username*` value, `UTF-8''J%C3%A4s` (RFC 8187)."""
    charset, _, rest = value.partition("'")
    if charset.upper() != "UTF-8":
        return ""
    return unquote(rest.partition("'")[2], errors="replace")
