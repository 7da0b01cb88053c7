"""Which URLs are ours: what Destination and the tags of If are compared with.

A server behind a proxy is known by other names than it sees itself: the host may be in X-Forwarded-Host, the scheme
another, and the proxy may strip a prefix. Getting it wrong is the 502 that users of DAV servers complain about most.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from davdrive.dav.urls import decode_path, longest_prefix
from davdrive.drive.names import DrivePath
from davdrive.errors import BadRequest

MAX_URL_CHARACTERS = 32_768  # well over the longest path that a drive holds in practice, with all of it escaped
MAX_FORWARDED_HOSTS = 4  # a chain of proxies longer than that is none that anybody configured
CACHED_HOSTS = 256  # the names of one server, and some room for those that strangers make up
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)([?#].*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[^:\[\]@]+)(?::([0-9]{0,5}))?")
_URN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port (RFC 6454); an empty scheme stands for any, and then both default ports are one."""

    scheme: str
    host: str
    port: int


class OwnUrl(NamedTuple):
    """An origin of ours and the path prefix under which davdrive lives there (encoded, without a trailing slash)."""

    origin: Origin
    prefix: str


@dataclass(frozen=True)
class OwnUrls:
    """The URLs by which this request's server is known.

    `known` are the origins with their prefixes; `prefixes` are the mounts below each, such as `""` and
    `/remote.php/dav/files`; `prefix` is the one that this request's own hrefs begin with; `any_scheme` says that a
    trusted proxy may have changed the scheme.
    """

    known: Collection[OwnUrl]
    prefix: str = ""
    mounts: Sequence[str] = ("",)
    any_scheme: bool = False

    def raw_path(self, url: str) -> str | None:
        """Return the raw path below our prefix that an absolute URL or absolute path names; None where it is not ours.

        Raises `BadRequest` for what is neither, and for a query or fragment: cutting it off would name another place.
        """
        origin, path = split_url(url, self.any_scheme)
        prefixes = [self.prefix] if origin is None else [each.prefix for each in self.known if each.origin == origin]
        found = longest_prefix(path or "/", prefixes)
        return found[1] if found else None

    def resolve(self, url: str) -> DrivePath | None:
        """Return the place in a drive that `url` names; None where it is none of ours. Raises `BadRequest`."""
        raw = self.raw_path(url)
        if raw is None:
            return None
        found = longest_prefix(raw, self.mounts)
        return decode_path(found[1]) if found else None


def split_url(url: str, any_scheme: bool = False) -> tuple[Origin | None, str]:
    """Return origin (None for an absolute path) and raw path of a URL. Raises `BadRequest` where it is malformed."""
    if len(url) > MAX_URL_CHARACTERS:
        raise BadRequest("the URL in the header is longer than any URL here")
    if url.startswith("/") and not url.startswith("//"):
        origin, path, rest = None, *_cut(url)
    elif match := _ABSOLUTE.fullmatch(url):
        scheme = match[1].lower()
        origin, path, rest = read_origin("" if any_scheme else scheme, match[2]), match[3], match[4]
        if origin is None:
            raise BadRequest("the URL in the header has no valid host")
    elif _URN.match(url):
        return Origin(url.partition(":")[0].lower(), "", 0), ""
    else:
        raise BadRequest("the header must hold an absolute URL or an absolute path")
    if rest:
        raise BadRequest("a URL here has no query or fragment; write ? as %3F and # as %23 in names")
    return origin, path


def _cut(path: str) -> tuple[str, str]:
    end = min((at for at in (path.find("?"), path.find("#")) if at >= 0), default=len(path))
    return path[:end], path[end:]


def read_origin(scheme: str, authority: str) -> Origin | None:
    """Return the origin of `host[:port]`, or None where it is malformed. Names are compared in lower case."""
    match = _AUTHORITY.fullmatch(authority.strip())
    if match is None:
        return None
    port = int(match[2]) if match[2] else _DEFAULT_PORTS.get(scheme, 0)
    if not scheme and port in _DEFAULT_PORTS.values():
        port = 0
    return Origin(scheme, match[1].lower().rstrip("."), port)


def own_urls(
    environ: Mapping[str, Any],
    public_urls: Sequence[str] = (),
    from_trusted_proxy: bool = False,
    prefix: str = "",
    mounts: Sequence[str] = ("",),
) -> OwnUrls:
    """Collect the URLs by which the server of this request is known.

    `environ` is the WSGI environ. `public_urls` come from the settings, each perhaps with a path that a proxy strips.
    `from_trusted_proxy` says that X-Forwarded-Host may be believed and that the scheme says nothing. `prefix` is where
    davdrive is mounted on the host as it sees it. `mounts` are its own names for the tree of drives. Raises
    `BadRequest` for a malformed public URL.
    """
    scheme = "" if from_trusted_proxy else str(environ.get("wsgi.url_scheme", "http")).lower()
    hosts = str(environ.get("HTTP_HOST", ""))
    if from_trusted_proxy:
        hosts += "," + str(environ.get("HTTP_X_FORWARDED_HOST", ""))
    return _own_urls(scheme, hosts, tuple(public_urls), prefix, tuple(mounts))


@lru_cache(CACHED_HOSTS)
def _own_urls(scheme: str, hosts: str, public_urls: tuple[str, ...], prefix: str, mounts: tuple[str, ...]) -> OwnUrls:
    names = hosts.split(",", MAX_FORWARDED_HOSTS)[: MAX_FORWARDED_HOSTS + 1]
    here = [origin for host in names if (origin := read_origin(scheme, host))]
    public = [_public(url, any_scheme=not scheme) for url in public_urls]
    mine = next((each.prefix for each in reversed(public) if each.origin in here), prefix)
    known = [*public, *(OwnUrl(origin, mine) for origin in here), *(OwnUrl(origin, prefix) for origin in here)]
    return OwnUrls(tuple(known), mine, mounts, not scheme)


def _public(url: str, any_scheme: bool) -> OwnUrl:
    origin, path = split_url(url, any_scheme)
    if origin is None or not origin.host:
        raise BadRequest("a public URL in the settings must begin with http:// or https:// and a host")
    return OwnUrl(origin, path.rstrip("/"))
