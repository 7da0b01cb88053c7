"""Paths in URLs: raw percent-encoded segments to names, and names to hrefs.

A raw path is split at its literal slashes *before* anything is decoded, and every segment is decoded once, so no
encoding of a slash, dot or NUL can reach another place than the one that its spelling shows. Decided here:

- Empty segments (`//`) are passed over: clients join a base that ends in `/` with a path that begins with one,
  proxies merge slashes already, and no name is empty, so nothing becomes ambiguous.
- `.` and `..` are refused, however they are written. Clients resolve them before they send (RFC 3986 §5.2.4); one
  that does not is confused or hostile.
- Bytes that should have been encoded (blanks, raw UTF-8, `;`) stand for themselves, because clients send them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from davdrive.drive.names import MAX_PATH_NAMES, DrivePath, check_path
from davdrive.errors import BadName

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(r"%2[Ff]")
# What RFC 3986 §3.3 lets stand, less what XML or HTML would escape (& '), what sloppy decoders change (+) and
# what sloppy parsers cut at (;). So an href never needs another escaping.
_SAFE: Final = "-._~!$()*,:@="
_needs_quoting = re.compile(rf"[^A-Za-z0-9{re.escape(_SAFE)}]").search
MAX_RAW_PATH = 3 * 256 * (MAX_PATH_NAMES + 8)  # characters: every name at its longest, and every byte escaped
CACHED_PREFIXES = 1024  # collections listed again and again


def decode_names(raw: str) -> tuple[str, ...]:
    """Return the names of a raw path, without its query: `/a/b%20c/` is `("a", "b c")`.

    `raw` is as it stood in the request, each character a byte (WSGI) or, from elsewhere, plain text. Raises `BadName`
    for bad escapes, an encoded slash, and bytes that are no UTF-8. What a name may hold is `check_path`'s to say.
    """
    if len(raw) > MAX_RAW_PATH:
        raise BadName("the path is longer than any path in a drive can be")
    if "%" not in raw and raw.isascii():
        return tuple([name for name in raw.split("/") if name])
    return tuple([_decode_name(segment) for segment in raw.split("/") if segment])


def _decode_name(segment: str) -> str:
    if _BAD_ESCAPE.search(segment):
        raise BadName("the path has a % that two hexadecimal digits do not follow; write a percent sign as %25")
    if _ENCODED_SLASH.search(segment):
        raise BadName("the path has an encoded slash (%2F); a name cannot hold a slash")
    try:
        return unquote_to_bytes(_as_bytes(segment)).decode()
    except UnicodeDecodeError:
        raise BadName("the path has bytes that are not UTF-8; send names in UTF-8") from None


def _as_bytes(segment: str) -> bytes:
    try:
        return segment.encode("latin-1")  # PEP 3333: characters that stand for bytes
    except UnicodeEncodeError:
        return segment.encode(errors="surrogatepass")


def decode_path(raw: str) -> DrivePath | None:
    """Return the place that a raw path `/drive/name/…` names, every name checked; None for `/`, above all drives.

    Raises `BadName`, with a sentence that says what is wrong.
    """
    names = decode_names(raw)
    return check_path(names[0], names[1:]) if names else None


def encode_name(name: str) -> str:
    """Return one name as a segment of an href; the result needs no escaping in XML or HTML."""
    return quote(name, safe=_SAFE) if _needs_quoting(name) else name


def encode_names(names: list[str]) -> list[str]:
    """`encode_name` for each of many names: one look at all of them tells that none needs it."""
    return list(map(encode_name, names)) if _needs_quoting("".join(names)) else names


@lru_cache(CACHED_PREFIXES)
def collection_href(drive: str, names: tuple[str, ...] = (), prefix: str = "") -> str:
    """Return the href of a collection, with its trailing slash (RFC 4918 §5.2): the base of its members' hrefs.

    `prefix` is the mount prefix, encoded and without a trailing slash.
    """
    return "/".join((prefix, encode_name(drive), *map(encode_name, names), ""))


def below_prefix(raw: str, prefix: str) -> str | None:
    """Return the raw path below the mount `prefix`, or None where it is not below it."""
    if not prefix:
        return raw
    if raw == prefix:
        return "/"
    return raw[len(prefix) :] if raw.startswith(prefix + "/") else None


def longest_prefix(raw: str, prefixes: Sequence[str]) -> tuple[str, str] | None:
    """Return the longest of `prefixes` that `raw` is below, and the rest of it; None where it is below none."""
    found = [(prefix, rest) for prefix in prefixes if (rest := below_prefix(raw, prefix)) is not None]
    return max(found, key=lambda each: len(each[0]), default=None)
