"""davdrive's WsgiDAV application: WsgiDAV's middleware stack around davdrive's own request server.

`WsgiDAVApp.__call__` is replaced, because it decodes paths that are decoded already, lower-cases share names, reads
away unread bodies of any size and closes connections after streamed answers (WIRE §1).
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from wsgidav.wsgidav_app import WsgiDAVApp

from davdrive.baton import TURN
from davdrive.dav.failures import failure
from davdrive.dav.headers.own_urls import own_urls
from davdrive.dav.locator import MOUNTS, DrivesLocator
from davdrive.dav.methods.options import options
from davdrive.dav.provider import DriveProvider
from davdrive.dav.request import Request
from davdrive.dav.request_server import StartResponse, answer, send
from davdrive.dav.response import Response
from davdrive.dav.site import Site
from davdrive.dav.uploads.place import read_upload_place
from davdrive.dav.uploads.router import answer_upload
from davdrive.errors import DriveError

LOG = logging.getLogger("davdrive.dav")

Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
FindRoute = Callable[[str], Wsgi | None]
Wrap = Callable[[Wsgi], Wsgi]


class DriveApp(WsgiDAVApp):
    """All drives under one WSGI callable.

    `authenticate` wraps the request server in the middleware that finds out who asks; `beside` finds the application
    for a raw path that is not WebDAV's (`/-/…`); `trusts` says whether a peer's forwarding headers may be believed.
    """

    def __init__(
        self,
        site: Site,
        authenticate: Wrap,
        beside: FindRoute | None = None,
        trusts: Callable[[str], bool] | None = None,
    ) -> None:
        self._site = site
        self._beside = beside or (lambda _raw: None)
        self._trusts = trusts or (lambda _peer: False)
        self._mounts = tuple(MOUNTS)
        super().__init__(  # type: ignore[no-untyped-call]
            {
                "provider_mapping": {"/": DriveProvider(site.backend, options=site.options)},
                "middleware_stack": [authenticate(self._serve)],
                # Only so that WsgiDAV does not warn of its own authentication, which is not in the stack.
                "http_authenticator": {"accept_basic": False},
                "lock_storage": False,
                "property_manager": False,
                "logging": {"enable": False},
                "verbose": 0,
            }
        )

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        raw = (environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0]
        beside = self._beside(raw)
        if beside is not None:
            return beside(environ, start_response)
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_AUTHORIZATION" not in environ:
            # A client that probes before it knows a password learns what is said everywhere (WIRE §7).
            return send(options(None), start_response)
        try:
            with TURN:
                answered: Iterable[bytes] = self.application(environ, start_response)
        except Exception:
            LOG.exception("request %s failed", environ.get("davdrive.request_id", "-"))
            raise
        return answered

    def _serve(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return send(self._answer(environ), start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        site, caller = self._site, environ["davdrive.caller"]
        trusted = self._trusts(str(environ.get("REMOTE_ADDR") or ""))
        own = own_urls(environ, site.options.public_urls, trusted, mounts=self._mounts)
        raw = (environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0]
        above = Request(environ, site, DrivesLocator(own, own.prefix, None), caller)
        try:
            upload = read_upload_place(raw)
            if upload is not None:
                return answer_upload(above, upload)
            locator = DrivesLocator.of("/" if raw == "*" else raw, own)
        except DriveError as error:
            return failure(above, error)
        return answer(Request(environ, site, locator, caller))
