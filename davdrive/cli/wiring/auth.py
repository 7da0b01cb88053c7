"""From settings to who may come in."""

import os
import time
from collections.abc import Callable

from davdrive.auth.accounts import Accounts, DatabaseFailures
from davdrive.auth.addresses import TrustedProxies
from davdrive.auth.authenticator import AuthOptions, DriveAuthenticator, Wsgi
from davdrive.auth.digest import Digest, hash_secret
from davdrive.auth.digest_accounts import DigestAccounts
from davdrive.auth.known import KnownUsers
from davdrive.auth.nonces import MemoryNonceCounts, Nonces
from davdrive.auth.passwords import HashCost, Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import Rule, Throttle
from davdrive.metadata.database import Database
from davdrive.metadata.users import secret
from davdrive.settings import Settings

SECRET_BYTES = 32


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
    return AuthOptions(auth.realm, proxies, server.forwarded_header, auth.require_tls, auth.basic)


def digest_secret(settings: Settings, name: str, password: str) -> str | None:
    """What to keep beside a password's hash, where Digest is on."""
    auth = settings.auth
    return hash_secret(name, auth.realm, password).packed() if auth.digest else None


def authentication(settings: Settings, database: Database) -> Callable[[Wsgi], DriveAuthenticator]:
    """What wraps an application that needs to know who asks; everything wrapped by it shares one memory."""
    accounts = make_accounts(settings, database)
    digest = make_digest(settings, database, accounts) if settings.auth.digest else None
    options = auth_options(settings)
    return lambda inner: DriveAuthenticator(inner, accounts, options, digest)


def make_digest(settings: Settings, database: Database, accounts: Accounts) -> DigestAccounts:
    """Digest answers, with nonces that every node knows."""
    auth = settings.auth
    given = auth.secret.get_secret_value().encode()
    signs = given or database.write(lambda session: secret(session, "nonces", os.urandom(SECRET_BYTES)))
    nonces = Nonces(signs, auth.digest_nonce_s, time.time)
    return DigestAccounts(
        accounts,
        Digest(auth.realm, nonces, MemoryNonceCounts(auth.digest_nonces)),
        Remembered(auth.remember_s, auth.remember_entries),
    )


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
        KnownUsers(0 if database.dialect == "sqlite" else auth.known_s),
    )
