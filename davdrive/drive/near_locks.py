"""The locks near a path, expired ones too: asked for by names alone, so that the questions can travel with the writer
lock, before it is known of which kind the drive is."""

from davdrive.drive.lock_rules import ancestors
from davdrive.metadata.locks import Lock, ask_below, ask_on, locks_below, locks_on, path_key
from davdrive.metadata.resources import PathKeys
from davdrive.metadata.session import Question, Session

_EVER = -1

MOST_LOCKS = 1 << 31
"""Locks below a place are all read; `DriveLimits.locks` bounds them where they are made."""


def ask_on_the_way(path: PathKeys) -> Question:
    """Asks for the locks on a path and on its ancestors."""
    return ask_on(path.drive, _both_ways(path), _EVER)


def _both_ways(path: PathKeys) -> list[str]:
    keys = ancestors(path.keys)
    return keys if path.folded == path.keys else list(dict.fromkeys(keys + ancestors(path.folded)))


def ask_within(path: PathKeys) -> Question:
    """Asks for the locks below a path."""
    return ask_below(path.drive, path_key(path.keys), path_key(path.folded), _EVER, MOST_LOCKS)


def on_the_way(session: Session, path: PathKeys) -> list[Lock]:
    """The answer to `ask_on_the_way`. It may hold locks of another spelling: `lock_rules.covers` tells."""
    return locks_on(session, path.drive, _both_ways(path), _EVER)


def within(session: Session, path: PathKeys) -> list[Lock]:
    """The answer to `ask_within`."""
    return locks_below(session, path.drive, path_key(path.keys), path_key(path.folded), _EVER, MOST_LOCKS)


def live(locks: list[Lock], now_ms: int) -> list[Lock]:
    """Those that have not expired."""
    return [each for each in locks if each.expires_ms > now_ms]
