"""From settings to the limits of users and addresses. Where none is set, the application stays as it is."""

from typing import Any

from davdrive.auth.addresses import address_group
from davdrive.auth.authenticator import caller_of, client_address
from davdrive.auth.buckets import Rate
from davdrive.auth.rate_limits import RateLimits, RateRules, Wsgi
from davdrive.auth.shared_buckets import SharedBuckets
from davdrive.auth.transfers import TransferSlots
from davdrive.cli.wiring.auth import auth_options
from davdrive.folders import make_private_folder
from davdrive.settings import Settings

UNLIMITED = frozenset({"/-/health", "/-/ready", "/-/metrics"})
"""Asked by machines that watch this one, mostly from behind the address of a proxy."""


class Limits:
    """The limits of one serving process, in tables that it shares with the other workers."""

    def __init__(self, settings: Settings) -> None:
        rates = settings.rates
        self._user = _rules(settings, "user")
        self._address = _rules(settings, "address")
        self._options = auth_options(settings)
        if self._user or self._address:
            make_private_folder(settings.run_dir)
            self._buckets = SharedBuckets(settings.run_dir / "rates", rates.table_slots)
            self._slots = TransferSlots(settings.run_dir / "transfers")

    def of_users(self, app: Wsgi) -> Wsgi:
        """`app`, called once it is known who asks."""
        if not self._user:
            return app
        return RateLimits(app, "user", _user, self._user, self._buckets, self._slots)

    def of_addresses(self, app: Wsgi) -> Wsgi:
        """`app`, called for everybody."""
        if not self._address:
            return app
        return RateLimits(app, "address", self._address_of, self._address, self._buckets, self._slots)

    def _address_of(self, environ: dict[str, Any]) -> str | None:
        if environ["PATH_INFO"] in UNLIMITED:
            return None
        return address_group(client_address(environ, self._options))


def _user(environ: dict[str, Any]) -> str | None:
    caller = caller_of(environ)
    return None if caller is None else str(caller.user)


def _rules(settings: Settings, kind: str) -> RateRules:
    rates = settings.rates

    def of(name: str) -> Any:
        return getattr(rates, f"{kind}_{name}")

    def of_bytes(per_s: int) -> Rate | None:
        return Rate(per_s * rates.bytes_burst_s, per_s) if per_s else None

    per_s = of("requests_per_s")
    return RateRules(
        requests=Rate(max(1.0, of("requests_burst"), per_s), per_s) if per_s else None,
        upload=of_bytes(of("upload_bytes_per_s")),
        download=of_bytes(of("download_bytes_per_s")),
        transfers=of("transfers"),
        longest_wait_s=rates.longest_wait_s,
    )
