"""From settings to tus."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from davdrive.auth.addresses import TrustedProxies
from davdrive.dav.headers.conditions import read_conditions
from davdrive.dav.headers.if_header import IfLimits
from davdrive.dav.headers.own_urls import own_urls
from davdrive.dav.locator import MOUNTS
from davdrive.dav.status import verdict_on
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions
from davdrive.settings import Settings
from davdrive.web.router import Wsgi
from davdrive.web.tus.app import TusApp
from davdrive.web.tus.site import TusSite


def make_tus(settings: Settings, backend: Backend, authenticate: Callable[[Wsgi], Wsgi]) -> TusApp:
    """Resumable uploads, with the same users and preconditions as WebDAV."""
    urls = tuple(settings.public_urls)
    proxies = TrustedProxies(settings.server.trusted_proxies)
    limits = IfLimits(lists=settings.limits.if_lists, conditions=settings.limits.if_conditions)

    def conditions(environ: Mapping[str, Any]) -> Conditions:
        trusted = proxies.trusts(str(environ.get("REMOTE_ADDR") or ""))
        own = own_urls(environ, urls, trusted, mounts=tuple(MOUNTS))
        return read_conditions(environ, own.resolve, limits)

    def origin(environ: Mapping[str, Any]) -> str:
        return known_origin(environ, urls, proxies.trusts(str(environ.get("REMOTE_ADDR") or "")))

    return TusApp(TusSite(backend, authenticate, verdict_on, conditions, origin))


def known_origin(environ: Mapping[str, Any], public_urls: tuple[str, ...], trusted: bool) -> str:
    """The URL of this server as the client called it: the public one of that host, or else what the request says.
    `trusted`: the request came by a proxy whose forwarding headers may be believed."""
    host, scheme = str(environ.get("HTTP_HOST") or ""), str(environ.get("wsgi.url_scheme") or "http")
    if trusted:
        host = str(environ.get("HTTP_X_FORWARDED_HOST") or host).partition(",")[0].strip()
        said = str(environ.get("HTTP_X_FORWARDED_PROTO") or scheme).partition(",")[0].strip().lower()
        scheme = said if said in ("http", "https") else scheme
    for url in public_urls:
        if urlsplit(url).netloc.lower() == host.lower():
            return url.rstrip("/")
    return f"{scheme}://{host}"
