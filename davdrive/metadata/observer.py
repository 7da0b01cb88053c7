"""Who hears of transactions, for metrics and logs."""

from typing import Literal, Protocol

Outcome = Literal["committed", "rolled_back", "failed"]


class Observer(Protocol):
    """Hears of writing transactions; it must not block and must not raise. Reads are not told: they are too many."""

    def transaction(self, seconds: float, outcome: Outcome) -> None:
        """One ended, `seconds` after it was asked for. `rolled_back`: the work refused; `failed`: it could not be."""
        ...

    def waited(self, seconds: float) -> None:
        """One had to wait so long for its turn to write."""
        ...

    def retried(self, reason: str) -> None:
        """A transaction is run again: `retry` (it lost a race) or `lost` (the connection broke)."""
        ...


class Silent:
    """Nobody listens."""

    def transaction(self, seconds: float, outcome: Outcome) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def retried(self, reason: str) -> None: ...
