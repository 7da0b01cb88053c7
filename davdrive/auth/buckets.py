"""Token buckets: a capacity that fills at a rate, from which every request or byte takes.

Time is a monotonic clock in seconds and comes in as an argument. On one machine it is the same clock in every process,
so the state may be shared between them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `capacity` tokens that fills by `per_s` tokens a second."""

    capacity: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Level:
    """Tokens in a bucket at a time; below zero for a stream that took ahead of its rate."""

    tokens: float
    at_s: float


def filled(level: Level | None, rate: Rate, now: float) -> float:
    """Tokens there are `now`. A new bucket is full; a clock that went back (after a reboot) fills nothing."""
    if level is None:
        return rate.capacity
    return min(rate.capacity, level.tokens + max(0.0, now - level.at_s) * rate.per_s)


def take(level: Level | None, rate: Rate, amount: float, now: float) -> tuple[Level, float]:
    """Take `amount` if it is there. Return the new level and 0.0, or the seconds until it will be there.

    An amount over the capacity is taken from a full bucket, since it could never be there.
    """
    tokens = filled(level, rate, now)
    wanted = min(amount, rate.capacity)
    if tokens >= wanted:
        return Level(tokens - amount, now), 0.0
    return Level(tokens, now), (wanted - tokens) / rate.per_s


def spend(level: Level | None, rate: Rate, amount: float, now: float) -> tuple[Level, float]:
    """Take `amount` even if it is not there. Return the new level and the seconds that a stream should pause.

    Several streams of one bucket each pause for the whole debt, so together they keep the rate.
    """
    tokens = filled(level, rate, now) - amount
    return Level(tokens, now), max(0.0, -tokens / rate.per_s)
