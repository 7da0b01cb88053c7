"""Who stands behind credentials: users and app passwords of the database, remembered, and guessing slowed."""

import time
from collections.abc import Callable
from contextlib import suppress

from davdrive.auth.known import KnownUsers
from davdrive.auth.passwords import Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import Failures, MemoryFailures, Throttle
from davdrive.drive.names import name_key
from davdrive.errors import DriveError, StorageFull, TooManyRequests
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.session import Session
from davdrive.metadata.users import User, app_passwords, failures_of, find_user, renew_hash, set_failures
from davdrive.observe.metrics import record


class DatabaseFailures:
    """Failed attempts in the database, so that every worker and node counts the same.

    While the database has no room for them each process counts for itself: a full disk must not keep people from
    reading, or from deleting something.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._without_room = MemoryFailures()

    def update(self, key: str, change: Callable[[Failures], Failures]) -> Failures:
        """Replace a key's failures atomically; the state before."""

        def work(session: Session) -> Failures:
            count, last_ms = failures_of(session, key)
            before = Failures(count, last_ms / 1000)
            after = change(before)
            if after != before:
                set_failures(session, key, after.count, int(after.last_s * 1000))
            return before

        try:
            return self._database.write(work)
        except StorageFull:
            return self._without_room.update(key, change)


class Accounts:
    """Verifies names and passwords. A request with credentials that were verified a moment ago costs one statement
    and no hash; none at all where `known` remembers the user."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        remembered: Remembered[Caller],
        throttle: Throttle,
        known: KnownUsers | None = None,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._remembered = remembered
        self._throttle = throttle
        self._known = known or KnownUsers(0)

    def find(self, name: str) -> User | None:
        """The user of that name."""
        return self._known.find(name_key(name), lambda: self._look_up(name))

    def _look_up(self, name: str) -> User | None:
        key = name_key(name)
        return self._database.read(lambda session: find_user(session, key))

    def verify(self, name: str, password: str, address: str) -> Caller | None:
        """The caller behind a name and a password (or an app password), None if there is none. It takes as long for
        an unknown name as for a wrong password, so only who was in before is known without asking the database. Errors:
        TooManyRequests while guessing is slowed."""
        quick = not self._known.remembers or self._remembered.has(name, password)
        user = self.find(name) if quick else self._look_up(name)
        # A verification holds as long as none of the user's secrets changes: one that was revoked is not remembered.
        stored = "" if user is None else f"{user.devices} {user.password_hash}"
        return self._remembered.check(name, password, stored, lambda: self._verify(user, name, password, address))

    def _verify(self, user: User | None, name: str, password: str, address: str) -> Caller | None:
        self.attempt(name, address)
        if not self._matches(user, password) or user is None:
            return None
        self.succeeded(name, address)
        return Caller(user.name, user.id)

    def attempt(self, name: str, address: str) -> None:
        """Count a try as a failure until it has `succeeded`. Errors: TooManyRequests while guessing is slowed."""
        wait_s = self._throttle.attempt(name, address, time.time())
        if wait_s > 0:
            raise TooManyRequests("too many wrong passwords; wait before the next try", int(wait_s) + 1)

    def succeeded(self, name: str, address: str) -> None:
        """The try that was counted was right."""
        self._throttle.succeeded(name, address)
        record().login("verified")

    def _matches(self, user: User | None, password: str) -> bool:
        """One hash, or two for what looks like an app password, whether the user exists or not."""
        if self._passwords.verify(None if user is None else user.password_hash, password):
            if user is not None and self._passwords.is_cheap(user.password_hash):
                self._renew(user, password)
            return True
        identity = app_password_id(password)
        return identity is not None and self._passwords.verify(self._app_hash(user, identity), password)

    def _renew(self, user: User, password: str) -> None:
        """The settings ask for a dearer hash by now. A database that is away or full keeps nobody out: next time."""
        fresh = self._passwords.hash(password)
        with suppress(DriveError):
            self._database.write(lambda session: renew_hash(session, user.id, user.password_hash, fresh))

    def _app_hash(self, user: User | None, identity: int) -> str | None:
        if user is None:
            return None
        every = self._database.read(lambda session: app_passwords(session, user.id))
        return next((each.password_hash for each in every if each.id == identity), None)


def app_password_id(password: str) -> int | None:
    """The id that an app password carries in front: `17-…`."""
    head, dash, _ = password.partition("-")
    return int(head) if dash and head.isascii() and head.isdigit() and len(head) < 16 else None
