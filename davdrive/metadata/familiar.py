"""Who was seen on which drive a while ago, in this process. It decides over company alone: who may wait in the drive's
queue, and whose questions travel with the one whether the drive is there for them.

A stranger who wrote in a queue would hold up the drive's members, and wait as long as they have to: so everybody could
find out whether a drive is there, and whether it is busy.
"""

from collections.abc import Iterable

from davdrive.metadata.caller import Caller

MOST = 10_000
"""Pairs of a drive and a user; then all are forgotten, which costs each a round trip."""


class Familiar:
    """Pairs of a drive and a caller who was let in when they met last. The system is at home everywhere."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pairs: set[tuple[str, int]] = set()

    def has(self, drive_keys: Iterable[str], caller: Caller) -> bool:
        """Whether the caller was let into all of these drives."""
        return caller.user is None or all((key, caller.user) in self._pairs for key in drive_keys)

    def met(self, drive_key: str, caller: Caller, *, let_in: bool) -> None:
        """Remember how it went."""
        if caller.user is None:
            return
        if not let_in:
            self._pairs.discard((drive_key, caller.user))
            return
        if len(self._pairs) >= self._most:
            self._pairs.clear()
        self._pairs.add((drive_key, caller.user))
