"""Which locks a lock would meet, and whether one that expired may be taken up again."""

from collections.abc import Sequence

from davdrive.drive.lock_rules import compatible, covers
from davdrive.drive.near_locks import on_the_way, within
from davdrive.metadata.locks import Lock, remove_lock
from davdrive.metadata.resources import PathKeys
from davdrive.metadata.session import Session


def clashing(session: Session, path: PathKeys, key: str, *, exclusive: bool, infinite: bool) -> list[Lock]:
    """Every lock, expired or not, whose scope meets that of a lock on `path` and that does not go together with it
    (RFC 4918 §6.2, §9.10.4). `key`: the path's key in its drive."""
    there = meeting(session, path, key, infinite=infinite)
    return [each for each in there if not compatible(exclusive, bool(each.exclusive))]


def meeting(session: Session, path: PathKeys, key: str, *, infinite: bool) -> list[Lock]:
    """Every lock, expired or not, whose scope meets that of a lock on `path`."""
    there = [each for each in on_the_way(session, path) if covers(each, key)]
    if infinite:
        there += within(session, path)
    return there


def end_expired(session: Session, locks: Sequence[Lock], now_ms: int) -> None:
    """Forget those that have expired: somebody else took their place, so they cannot be renewed any more."""
    for each in locks:
        if each.expires_ms <= now_ms:
            remove_lock(session, each.token)
