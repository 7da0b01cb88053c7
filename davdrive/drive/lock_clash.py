"""Which locks a lock would meet, and whether one that expired may be taken up again."""

from collections.abc import Sequence

from davdrive.drive.lock_rules import ancestors, compatible, covers
from davdrive.metadata.locks import Lock, locks_below, locks_on, path_key, remove_lock
from davdrive.metadata.session import Session

_EVER = -1


def clashing(session: Session, drive: int, keys: Sequence[str], *, exclusive: bool, infinite: bool) -> list[Lock]:
    """Every lock, expired or not, whose scope meets that of a lock on `keys` and that does not go together with it
    (RFC 4918 §6.2, §9.10.4)."""
    there = meeting(session, drive, keys, infinite=infinite)
    return [each for each in there if not compatible(exclusive, bool(each.exclusive))]


def meeting(session: Session, drive: int, keys: Sequence[str], *, infinite: bool) -> list[Lock]:
    """Every lock, expired or not, whose scope meets that of a lock on `keys`."""
    key = path_key(keys)
    there = [each for each in locks_on(session, drive, ancestors(keys), _EVER) if covers(each, key)]
    if infinite:
        there += locks_below(session, drive, key, _EVER, most=1 << 31)
    return there


def live(locks: Sequence[Lock], now_ms: int) -> list[Lock]:
    """Those that have not expired."""
    return [each for each in locks if each.expires_ms > now_ms]


def end_expired(session: Session, locks: Sequence[Lock], now_ms: int) -> None:
    """Forget those that have expired: somebody else took their place, so they cannot be renewed any more."""
    for each in locks:
        if each.expires_ms <= now_ms:
            remove_lock(session, each.token)
