"""Token buckets around an application: requests and bytes a second, and transfers at once, of a user or an address.

What is over a rate of requests, or is one transfer too many, is answered 429 with Retry-After; a stream of bytes is
slowed instead. Where no download limit applies the answer passes as it is, so that files still leave by sendfile.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from davdrive.auth.buckets import Rate
from davdrive.auth.shared_buckets import SharedBuckets
from davdrive.auth.slowed import Held, Meter, SlowedAnswer, SlowedInput, pause
from davdrive.auth.transfers import TransferSlots
from davdrive.observe.metrics import record

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

TRANSFERS = frozenset({"GET", "PUT", "POST", "PATCH"})
"""The methods that carry files."""
TRANSFER_RETRY_S = 2
"""When a client may ask again for a place among the transfers: a small file is through by then."""
LONGEST_PAUSE_S = 0.25
"""A stream alone in its bucket pauses no longer than this, so that no client takes it for dead."""
LEAST_PIECE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class RateRules:
    """What one user or address may have; None or 0: as much as it likes.

    `longest_wait_s`: a request that is over its rate by less than this waits instead of being refused.
    """

    requests: Rate | None = None
    upload: Rate | None = None
    download: Rate | None = None
    transfers: int = 0
    longest_wait_s: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.requests or self.upload or self.download or self.transfers)


class RateLimits:
    """`app`, limited by `rules`. `kind` is user or address, `who` tells which one, None for nobody to be limited."""

    def __init__(
        self,
        app: Wsgi,
        kind: str,
        who: Callable[[dict[str, Any]], str | None],
        rules: RateRules,
        buckets: SharedBuckets,
        slots: TransferSlots,
    ) -> None:
        self._app = app
        self._kind = kind
        self._who = who
        self._rules = rules
        self._buckets = buckets
        self._slots = slots

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        who = self._who(environ)
        if who is None:
            return self._app(environ, start_response)
        key = f"{self._kind}:{who}"
        wait_s = self._wait_for_turn(key, environ)
        if wait_s:
            return self._refuse("requests", math.ceil(wait_s), start_response)
        place = None
        if self._rules.transfers and environ["REQUEST_METHOD"] in TRANSFERS:
            place = self._slots.acquire(key, self._rules.transfers)
            if place is None:
                return self._refuse("transfers", TRANSFER_RETRY_S, start_response)
        return self._transfer(key, place, environ, start_response)

    def _wait_for_turn(self, key: str, environ: dict[str, Any]) -> float:
        """Seconds until the request may come; 0 if now, maybe after a wait."""
        rate = self._rules.requests
        if rate is None:
            return 0.0
        bucket, now = f"{key}:requests", time.monotonic()
        wait_s = self._buckets.take(bucket, rate, 1, now)
        if not 0 < wait_s <= self._rules.longest_wait_s:
            return wait_s
        pause(environ, self._buckets.spend(bucket, rate, 1, now))
        return 0.0

    def _transfer(
        self, key: str, place: int | None, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        def done() -> None:
            if place is not None:
                self._slots.release(place)

        upload, download = self._rules.upload, self._rules.download
        if upload is not None:
            environ["wsgi.input"] = SlowedInput(environ["wsgi.input"], self._meter(f"{key}:up", upload, environ))
        try:
            result = self._app(environ, start_response)
            meter = None if download is None else self._meter(f"{key}:down", download, environ)
            if not isinstance(result, list):
                return _on_its_way(result, meter, done)
            if meter is not None:
                meter.spend_all(sum(map(len, result)))
        except BaseException:
            done()
            raise
        done()
        return result

    def _meter(self, bucket: str, rate: Rate, environ: dict[str, Any]) -> Meter:
        def spend(count: int) -> None:
            pause(environ, self._buckets.spend(bucket, rate, count, time.monotonic()))

        return Meter(spend, max(LEAST_PIECE_BYTES, int(rate.per_s * LONGEST_PAUSE_S)))

    def _refuse(self, what: str, retry_s: int, start_response: Callable[..., Any]) -> Iterable[bytes]:
        record().rate_limited(f"{self._kind}_{what}")
        body = f"This {self._kind} has sent too many {what}; try again in {retry_s} seconds.\n".encode()
        about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("429 Too Many Requests", [("Retry-After", str(retry_s)), *about])
        return [body]


def _on_its_way(result: Iterable[bytes], meter: Meter | None, done: Callable[[], None]) -> Iterable[bytes]:
    return Held(result, done) if meter is None else SlowedAnswer(Held(result, done), meter)
