"""The WsgiDAV middleware that finds out who asks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wsgidav.mw.base_mw import BaseMiddleware

from davdrive.auth.accounts import Accounts
from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.credentials import Basic, Malformed, parse_authorization
from davdrive.errors import TooManyRequests, Unavailable
from davdrive.metadata.caller import Caller

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class AuthOptions:
    """`realm`: shown in the password dialogue. `require_tls`: refuse passwords that came in the clear."""

    realm: str = "davdrive"
    proxies: TrustedProxies = field(default_factory=lambda: TrustedProxies(()))
    forwarded_header: str = "x-forwarded-for"
    require_tls: bool = False


class DriveAuthenticator(BaseMiddleware):
    """Puts the caller into the environ (`davdrive.caller`, `wsgidav.auth.user_name`), or answers 401."""

    def __init__(self, next_app: Wsgi, accounts: Accounts, options: AuthOptions) -> None:
        super().__init__(None, next_app, {})  # type: ignore[no-untyped-call]
        self._accounts = accounts
        self._options = options
        self._challenge = [("WWW-Authenticate", f'Basic realm="{options.realm}", charset="UTF-8"')]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        credentials = parse_authorization(environ.get("HTTP_AUTHORIZATION"))
        if not isinstance(credentials, Basic):
            reason = credentials.reason if isinstance(credentials, Malformed) else "Name and password are needed."
            return self._refuse(start_response, reason)
        if self._options.require_tls and environ.get("wsgi.url_scheme") != "https":
            return self._refuse(start_response, "Passwords are taken over HTTPS alone.")
        address = client_address(environ, self._options)
        try:
            caller = self._accounts.verify(credentials.user, credentials.password, address)
        except Unavailable as error:
            return _come_again(start_response, error)
        if caller is None:
            return self._refuse(start_response, "The name or the password is wrong.")
        environ["davdrive.caller"] = caller
        environ["wsgidav.auth.user_name"] = caller.name
        environ["wsgidav.auth.realm"] = self._options.realm
        answered: Iterable[bytes] = self.next_app(environ, start_response)
        return answered

    def _refuse(self, start_response: Callable[..., Any], reason: str) -> Sequence[bytes]:
        body = f"{reason}\n".encode()
        headers = [*self._challenge, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("401 Unauthorized", headers)
        return [body]


def _come_again(start_response: Callable[..., Any], error: Unavailable) -> Sequence[bytes]:
    status = "429 Too Many Requests" if isinstance(error, TooManyRequests) else "503 Service Unavailable"
    body = f"{error}\n".encode()
    headers = [("Retry-After", str(error.retry_after_s)), ("Content-Type", "text/plain; charset=utf-8")]
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]


def client_address(environ: dict[str, Any], options: AuthOptions) -> str:
    """The address of the client, behind a trusted proxy the one that the proxy saw."""
    key = "HTTP_" + options.forwarded_header.upper().replace("-", "_")
    peer = str(environ.get("REMOTE_ADDR") or "")
    return options.proxies.client_of(peer, str(environ.get(key) or ""), options.forwarded_header)


def is_hidden(environ: dict[str, Any], options: AuthOptions) -> bool:
    """Whether somebody nobody vouches for says that the request came through a proxy: its peer is not its client."""
    said = any(environ.get(key) for key in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA"))
    return said and not options.proxies.trusts(str(environ.get("REMOTE_ADDR") or ""))


def caller_of(environ: dict[str, Any]) -> Caller | None:
    """Who asks, once the authenticator has let the request through."""
    found: Caller | None = environ.get("davdrive.caller")
    return found
