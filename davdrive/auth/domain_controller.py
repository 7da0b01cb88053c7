"""davdrive's users for a stock WsgiDAV server: `http_authenticator.domain_controller` in its configuration."""

from typing import Any

from wsgidav.dc.base_dc import BaseDomainController

from davdrive.auth.accounts import Accounts


class DriveDomainController(BaseDomainController):
    """Basic authentication against the database. Make a subclass with `accounts`, or use `bound`."""

    accounts: Accounts

    @classmethod
    def bound(cls, accounts: Accounts) -> type["DriveDomainController"]:
        """A class that WsgiDAV can instantiate, with its accounts."""
        return type("BoundDomainController", (cls,), {"accounts": accounts})

    def __str__(self) -> str:
        return "DriveDomainController()"

    def get_domain_realm(self, path_info: str | None, environ: dict[str, Any] | None) -> str:
        """One realm for all."""
        return "davdrive"

    def require_authentication(self, realm: str, environ: dict[str, Any] | None) -> bool:
        """Nobody is anonymous."""
        return True

    def basic_auth_user(self, realm: str, user_name: str, password: str, environ: dict[str, Any]) -> bool:
        """Whether name and password belong together."""
        address = str(environ.get("REMOTE_ADDR") or "")
        caller = self.accounts.verify(user_name.rpartition("\\")[2], password, address)
        if caller is None:
            return False
        environ["davdrive.caller"] = caller
        return True

    def supports_http_digest_auth(self) -> bool:
        """Passwords are kept as argon2id hashes, from which no Digest can be made."""
        return False
