"""WsgiDAV's lock manager interface over the drive's locks, for code that asks a provider about them.

davdrive answers LOCK and UNLOCK itself; nothing here takes part in that.
"""

from collections.abc import Collection
from typing import Any

from wsgidav.dav_error import HTTP_LOCKED, DAVError

from davdrive.dav.provider_port import Share
from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.guard import check_tree
from davdrive.drive.names import name_key
from davdrive.drive.places import Glance, find_place
from davdrive.errors import Locked
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.drives import find_drive
from davdrive.metadata.locks import Lock, locks_on
from davdrive.metadata.session import Session


class ProviderLocks:
    """Questions about locks by URL path below the share."""

    def __init__(self, provider: Share) -> None:
        self._provider = provider

    def __repr__(self) -> str:
        return "ProviderLocks()"

    def get_url_lock_list(self, url: str) -> list[dict[str, Any]]:
        """The locks whose root is `url`."""
        return [_as_dict(lock) for lock in self._locks_at(url)]

    def get_indirect_url_lock_list(self, url: str, principal: str | None = None) -> list[dict[str, Any]]:
        """The locks on `url`, of one principal or of all."""
        found = self._locks_at(url)
        return [_as_dict(lock) for lock in found if principal in (None, lock.principal)]

    def is_url_locked(self, url: str) -> bool:
        """Whether a lock's root is `url`."""
        return bool(self._locks_at(url))

    def is_url_locked_by_token(self, url: str, lock_token: str) -> bool:
        """Whether that lock's root is `url`."""
        return any(lock.token == lock_token for lock in self._locks_at(url))

    def check_write_permission(self, *, url: str, depth: str, token_list: Collection[str], principal: str) -> None:
        """Raise WsgiDAV's 423 where a lock forbids `principal` to change `url` and all below it."""
        submitted = StateList(tuple(StateCondition(token=token) for token in token_list))
        conditions = Conditions(if_lists=(submitted,) if token_list else ())

        def look(session: Session) -> None:
            path = self._provider.path_of(url)
            if path is None or path.is_root:
                return
            drive = find_drive(session, name_key(path.drive), SYSTEM)
            glance = Glance(session, Caller(principal), drive.time_ms)
            check_tree(glance, find_place(glance, drive, path), conditions)

        try:
            self._provider.backend.database.read(look)
        except Locked as error:
            raise DAVError(HTTP_LOCKED, str(error)) from error  # type: ignore[no-untyped-call]

    def _locks_at(self, url: str) -> list[Lock]:
        path = self._provider.path_of(url)
        if path is None:
            return []
        key = "/" + "/".join(map(name_key, path.names))

        def look(session: Session) -> list[Lock]:
            drive = find_drive(session, name_key(path.drive), SYSTEM)
            return locks_on(session, drive.name_key, [key], drive.lock_ms)

        return self._provider.backend.database.read(look)


def _as_dict(lock: Lock) -> dict[str, Any]:
    """A lock as WsgiDAV's own storages describe it."""
    return {
        "token": lock.token,
        "root": lock.path,
        "type": "write",
        "scope": "exclusive" if lock.exclusive else "shared",
        "depth": "infinity" if lock.infinite else "0",
        "owner": lock.owner_xml or "",
        "principal": lock.principal,
        "timeout": lock.timeout_s,
        "expire": lock.expires_ms / 1000,
    }
