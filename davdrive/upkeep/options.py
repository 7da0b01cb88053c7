"""What upkeep goes by."""

from collections.abc import Callable
from dataclasses import dataclass, field

DAY_S = 86_400
REQUEST_S = 12 * 3600.0

SWEEP_REQUESTS = 2
"""Objects are swept when they are older than this many longest requests. One would do: an upload names its first
object at most one longest request after it was stored. The second is for clocks that differ and slow commits."""


@dataclass(frozen=True, slots=True)
class UpkeepOptions:
    """`retention_s`: how long a drive without its own keeps what ended. `request_s`: the longest request; no row is
    forgotten that one may still read, whatever the retention says. `grace_s`: from an object's last reference to its
    deletion. `sweep_age_s`: objects that nobody names are swept when they are older. `batch`: rows in a transaction.
    `deletions`: objects deleted at the same time. `sweep_most`: sweep even if the database knows less than half of the
    store."""

    retention_s: float = 30 * DAY_S
    request_s: float = REQUEST_S
    grace_s: float = DAY_S
    sweep_age_s: float = DAY_S
    sweep_interval_s: float = 7 * DAY_S
    batch: int = 500
    deletions: int = 8
    sweep_most: bool = False

    @property
    def safe_grace_ms(self) -> int:
        """Never shorter than the longest download."""
        return int(max(self.grace_s, self.request_s) * 1000)

    @property
    def safe_sweep_age_s(self) -> float:
        """Never so short that an upload under way could lose its first objects."""
        return max(self.sweep_age_s, SWEEP_REQUESTS * self.request_s)


BYTES = "bytes that drives no longer count"
DIGESTS = "checksums computed"
UNREADABLE = "contents that cannot be read (run davdrive check)"


@dataclass(slots=True)
class Tally:
    """What a round of upkeep did, or would do."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, amount: int) -> None:
        """Count `amount` more of `what`."""
        if amount:
            self.counts[what] = self.counts.get(what, 0) + amount

    @property
    def removed(self) -> int:
        """Rows and objects that are no more."""
        return sum(amount for what, amount in self.counts.items() if what not in (BYTES, DIGESTS, UNREADABLE))

    def __bool__(self) -> bool:
        return bool(self.counts)


Going = Callable[[], bool]
"""Whether to go on; false when the server stops or a tick's time is over."""


def always() -> bool:
    """Work to the end."""
    return True
