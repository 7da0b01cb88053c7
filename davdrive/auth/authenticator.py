"""The WsgiDAV middleware that finds out who asks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wsgidav.mw.base_mw import BaseMiddleware

from davdrive.auth.accounts import Accounts
from davdrive.auth.addresses import TrustedProxies, parse_address
from davdrive.auth.credentials import Basic, DigestAnswer, Malformed, parse_authorization
from davdrive.auth.digest import Verdict
from davdrive.auth.digest_accounts import DigestAccounts
from davdrive.errors import TooManyRequests, Unavailable
from davdrive.metadata.caller import Caller
from davdrive.observe.metrics import record

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class AuthOptions:
    """`realm`: shown in the password dialogue. `basic`: take names with passwords. `require_tls`: but none that came in
    the clear from another machine."""

    realm: str = "davdrive"
    proxies: TrustedProxies = field(default_factory=lambda: TrustedProxies(()))
    forwarded_header: str = "x-forwarded-for"
    require_tls: bool = False
    basic: bool = True

    @cached_property
    def forwarded_key(self) -> str:
        """The header's name in an environ."""
        return "HTTP_" + self.forwarded_header.upper().replace("-", "_")


class NotIn(Exception):
    """Nobody was let in. `stale`: the nonce was too old, the password may be right."""

    def __init__(self, reason: str, stale: bool = False) -> None:
        super().__init__(reason)
        self.stale = stale


class DriveAuthenticator(BaseMiddleware):
    """Puts the caller into the environ (`davdrive.caller`, `wsgidav.auth.user_name`), or answers 401."""

    def __init__(
        self, next_app: Wsgi, accounts: Accounts, options: AuthOptions, digest: DigestAccounts | None = None
    ) -> None:
        super().__init__(None, next_app, {})  # type: ignore[no-untyped-call]
        self._accounts = accounts
        self._options = options
        self._digest = digest
        self._basic = [f'Basic realm="{options.realm}", charset="UTF-8"'] if options.basic else []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            caller = self._caller(environ)
        except Unavailable as error:
            if isinstance(error, TooManyRequests):
                record().login("throttled")
            return _come_again(start_response, error)
        except NotIn as refused:
            return self._refuse(start_response, refused)
        environ["davdrive.caller"] = caller
        environ["wsgidav.auth.user_name"] = caller.name
        environ["wsgidav.auth.realm"] = self._options.realm
        answered: Iterable[bytes] = self.next_app(environ, start_response)
        return answered

    def _caller(self, environ: dict[str, Any]) -> Caller:
        """Who asks. Errors: NotIn; TooManyRequests, Unavailable."""
        credentials = parse_authorization(environ.get("HTTP_AUTHORIZATION"))
        if isinstance(credentials, Basic) and self._basic:
            return self._by_password(environ, credentials)
        if isinstance(credentials, DigestAnswer) and self._digest is not None:
            return self._by_digest(environ, credentials, self._digest)
        if isinstance(credentials, Malformed):
            record().login("malformed")
            raise NotIn(credentials.reason)
        raise NotIn("Name and password are needed.")

    def _by_password(self, environ: dict[str, Any], credentials: Basic) -> Caller:
        if self._options.require_tls and not is_private(environ, self._options):
            raise NotIn("Passwords are taken over HTTPS alone.")
        address = client_address(environ, self._options)
        caller = self._accounts.verify(credentials.user, credentials.password, address)
        if caller is None:
            record().login("refused")
            raise NotIn("The name or the password is wrong.")
        return caller

    def _by_digest(self, environ: dict[str, Any], answer: DigestAnswer, digest: DigestAccounts) -> Caller:
        target = str(environ.get("REQUEST_URI") or environ["PATH_INFO"])
        address = client_address(environ, self._options)
        verdict, caller = digest.verify(answer, str(environ["REQUEST_METHOD"]), target, address)
        if caller is None:
            record().login("refused")
            raise NotIn("The name or the password is wrong.", stale=verdict is Verdict.STALE)
        return caller

    def _refuse(self, start_response: Callable[..., Any], refused: NotIn) -> Sequence[bytes]:
        body = f"{refused}\n".encode()
        offered = self._digest.challenges(refused.stale) if self._digest is not None else []
        headers = [("WWW-Authenticate", challenge) for challenge in (*offered, *self._basic)]
        about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("401 Unauthorized", [*headers, *about])
        return [body]


def _come_again(start_response: Callable[..., Any], error: Unavailable) -> Sequence[bytes]:
    status = "429 Too Many Requests" if isinstance(error, TooManyRequests) else "503 Service Unavailable"
    body = f"{error}\n".encode()
    headers = [("Retry-After", str(error.retry_after_s)), ("Content-Type", "text/plain; charset=utf-8")]
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]


def client_address(environ: dict[str, Any], options: AuthOptions) -> str:
    """The address of the client, behind a trusted proxy the one that the proxy saw."""
    peer = str(environ.get("REMOTE_ADDR") or "")
    return options.proxies.client_of(peer, str(environ.get(options.forwarded_key) or ""), options.forwarded_header)


def is_private(environ: dict[str, Any], options: AuthOptions) -> bool:
    """Whether nobody on the way could read the request: TLS, to us or to a trusted proxy, or this very machine."""
    peer = str(environ.get("REMOTE_ADDR") or "")
    if environ.get("wsgi.url_scheme") == "https":
        return True
    if options.proxies.trusts(peer):
        return str(environ.get("HTTP_X_FORWARDED_PROTO") or "").rpartition(",")[2].strip().lower() == "https"
    address = parse_address(peer)
    return (address is None or address.is_loopback) and not is_hidden(environ, options)


def is_hidden(environ: dict[str, Any], options: AuthOptions) -> bool:
    """Whether somebody nobody vouches for says that the request came through a proxy: its peer is not its client."""
    said = any(environ.get(key) for key in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA"))
    return said and not options.proxies.trusts(str(environ.get("REMOTE_ADDR") or ""))


def caller_of(environ: dict[str, Any]) -> Caller | None:
    """Who asks, once the authenticator has let the request through."""
    found: Caller | None = environ.get("davdrive.caller")
    return found
