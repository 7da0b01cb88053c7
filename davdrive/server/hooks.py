"""What the server tells whoever watches it. No metrics library here: the watcher brings a callable."""

from collections.abc import Callable
from dataclasses import dataclass

OnRequest = Callable[[str, int, float, int, int], None]
"""Called after each request: method, status, seconds, body bytes in, bytes out. Must not block and must not raise."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """How busy the server is at this moment."""

    connections: int
    queue: int
    busy_threads: int
    waiting_threads: int
    threads: int


def nobody_watches(method: str, status: int, seconds: float, bytes_in: int, bytes_out: int) -> None:
    """The default hook."""
