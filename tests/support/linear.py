"""Is a history linearizable? Wing and Gong's search, with Lowe's memory of what was tried.

An operation took effect at one moment between its start and its end, as if alone. One whose answer never came may have
taken effect at any moment after its start, or never.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

State = TypeVar("State", bound=Hashable)
NEVER = float("inf")
MOST_NODES = 2_000_000
"""Nodes of the search; a history that needs more was badly chosen."""


@dataclass(frozen=True)
class Operation:
    """What was asked and what came back, and when, in seconds. `end` is `NEVER` where no answer came."""

    what: str
    start: float
    end: float
    detail: Any = None
    result: Any = None

    @property
    def is_open(self) -> bool:
        return self.end == NEVER


Step = Callable[[State, Operation], Iterable[State]]


@dataclass
class _Search(Generic[State]):
    history: Sequence[Operation]
    step: Step[State]
    furthest: int = 0

    def run(self, initial: State) -> bool:
        """Whether some order explains all answers. `furthest` is what the longest order explained, as bits."""
        certain = sum(1 << number for number, each in enumerate(self.history) if not each.is_open)
        tried: set[tuple[int, State]] = set()
        stack: list[tuple[int, State]] = [(0, initial)]
        while stack:
            done, state = stack.pop()
            if done & certain == certain:
                return True
            if (done, state) in tried:
                continue
            tried.add((done, state))
            if len(tried) > MOST_NODES:
                raise RuntimeError("too many orders to try; take shorter histories")
            self.furthest = max(self.furthest, done, key=int.bit_count)
            for number in self._next(done):
                stack += [(done | 1 << number, after) for after in self.step(state, self.history[number])]
        return False

    def _next(self, done: int) -> list[int]:
        """Those that may come next: they began before any of the others that are left had ended."""
        candidates, first_end = [], NEVER
        for number, operation in enumerate(self.history):
            if operation.start > first_end:
                break
            if not done >> number & 1:
                candidates.append(number)
                first_end = min(first_end, operation.end)
        return [number for number in candidates if self.history[number].start <= first_end]


def is_linearizable(history: Iterable[Operation], initial: State, step: Step[State]) -> bool:
    """Whether the answers can be explained by doing the operations one after the other. RuntimeError when the search is
    too large.

    `step` gives the states that may follow a state by an operation with the answer that it had (for an open one, by
    doing it at all): none where that answer is impossible.
    """
    return _Search(_sorted(history), step).run(initial)


def unexplained(history: Iterable[Operation], initial: State, step: Step[State], around: int = 6) -> str:
    """Where the longest order that explains the answers gets stuck: empty if it does not."""
    search = _Search(_sorted(history), step)
    if search.run(initial):
        return ""
    left = [number for number in range(len(search.history)) if not search.furthest >> number & 1]
    shown = range(max(0, left[0] - around), min(len(search.history), left[0] + around))
    return "\n".join(f"{'  ' if search.furthest >> number & 1 else '? '}{search.history[number]}" for number in shown)


def _sorted(history: Iterable[Operation]) -> list[Operation]:
    return sorted(history, key=lambda each: each.start)
