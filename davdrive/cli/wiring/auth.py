"""From settings to who may come in."""

from davdrive.auth.accounts import Accounts, DatabaseFailures
from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.authenticator import AuthOptions
from davdrive.auth.passwords import HashCost, Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import Rule, Throttle
from davdrive.metadata.database import Database
from davdrive.settings import Settings


def make_passwords(settings: Settings) -> Passwords:
    """The hasher of passwords."""
    auth = settings.auth
    return Passwords(
        HashCost(
            auth.argon2_memory_kib, auth.argon2_passes, auth.argon2_lanes, auth.argon2_at_once, auth.password_bytes
        )
    )


def auth_options(settings: Settings) -> AuthOptions:
    """How passwords may come, and whose forwarding headers are believed."""
    auth, server = settings.auth, settings.server
    proxies = TrustedProxies(server.trusted_proxies)
    return AuthOptions(auth.realm, proxies, server.forwarded_header, auth.require_tls)


def make_accounts(settings: Settings, database: Database) -> Accounts:
    """Who may come in."""
    auth = settings.auth
    user = Rule(auth.throttle_user_free, auth.throttle_first_s, auth.throttle_user_max_s, auth.throttle_forget_s)
    address = Rule(
        auth.throttle_address_free, auth.throttle_first_s, auth.throttle_address_max_s, auth.throttle_forget_s
    )
    return Accounts(
        database,
        make_passwords(settings),
        Remembered(auth.remember_s, auth.remember_entries),
        Throttle(DatabaseFailures(database), user, address),
    )
