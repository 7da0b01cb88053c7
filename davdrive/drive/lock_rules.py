"""When locks stand in the way: pure rules over lock rows (RFC 4918 §6 and §7).

Two locks are compatible only if both are shared. A change is permitted when, of the locks that cover a resource, the
caller holds at least one: an exclusive lock is alone by the first rule, and of shared locks one is enough (§6.2).
"""

from collections.abc import Collection, Iterable, Sequence

from davdrive.metadata.caller import Caller
from davdrive.metadata.locks import Lock

_COMPATIBLE = {(False, False): True, (False, True): False, (True, False): False, (True, True): False}


def compatible(one_exclusive: bool, other_exclusive: bool) -> bool:
    """The lock-compatibility matrix (RFC 4918 §6.2)."""
    return _COMPATIBLE[one_exclusive, other_exclusive]


def is_within(key: str, root: str) -> bool:
    """Whether the path key is `root` or below it."""
    return root in ("/", key) or key.startswith(root + "/")


def covers(lock: Lock, key: str) -> bool:
    """Whether the lock's scope holds the resource at a path key (RFC 4918 §6.1)."""
    return lock.path_key == key or (bool(lock.infinite) and is_within(key, lock.path_key))


def ancestors(keys: Sequence[str]) -> list[str]:
    """The path keys of the root, of everything on the way, and of the place itself."""
    return ["/"] + ["/" + "/".join(keys[: depth + 1]) for depth in range(len(keys))]


def held(locks: Iterable[Lock], caller: Caller, tokens: Collection[str]) -> list[Lock]:
    """The locks whose token was submitted by the principal who made them (RFC 4918 §6.4)."""
    return [lock for lock in locks if lock.token in tokens and lock.principal == caller.name]


def in_the_way(locks: Sequence[Lock], caller: Caller, tokens: Collection[str], keys: Iterable[str]) -> list[Lock]:
    """The locks that forbid a change of the resources at `keys`: each must be free, or covered by one that is held."""
    mine = held(locks, caller, tokens)
    return [lock for key in keys for lock in locks if covers(lock, key) and not any(covers(own, key) for own in mine)]
