"""Options of what goes on beside requests: upkeep, logs, metrics, profiles, traces."""

# ruff: noqa: RUF009 - these functions return dataclass fields, and the sections are frozen

from dataclasses import dataclass
from typing import Literal

from davdrive.settings.kinds import choice, count, duration, hidden, networks, number, seconds, switch, text
from davdrive.settings.values import Secret

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class UpkeepSettings:
    """What is removed, when, and by whom."""

    # Whether `serve` does it in the background; otherwise a timer runs `davdrive upkeep`.
    in_background: bool = switch(True)
    interval_s: float = duration(3600)
    # Trash and old versions of a drive that sets no retention of its own; a month covers a holiday.
    retention_days: int = count(30)
    # From an object's last reference to its deletion. Never less than `limits.request_s`.
    grace_s: float = duration(DAY_S)
    # Objects that nobody names are swept when they are older than this: uploads in progress are younger.
    sweep_age_s: float = duration(DAY_S)
    sweep_interval_s: float = duration(7 * DAY_S)
    # Rows in one transaction of upkeep, so that it never holds up people for long.
    batch: int = count(500, least=1)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Logs go to standard error, one line an event."""

    format: Literal["text", "json"] = choice("text", "json")
    level: Literal["debug", "info", "warning", "error"] = choice("info", "debug", "warning", "error")
    # WsgiDAV, cheroot, SQLAlchemy, boto3: their own chatter.
    libraries: Literal["debug", "info", "warning", "error"] = choice("warning", "debug", "info", "error")
    # A line for every request.
    access: bool = switch(False)
    # A request slower than this is logged whatever `access` says; 0 never.
    slow_s: float = seconds(10)


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """`/-/metrics` for Prometheus."""

    enabled: bool = switch(True)
    # Who may read them: these addresses, or anybody with the token as Bearer.
    addresses: tuple[str, ...] = networks("127.0.0.0/8", "::1", "unix")
    token: Secret = hidden()


@dataclass(frozen=True, slots=True)
class ProfilingSettings:
    """`davdrive profile`: what the live process spends its time on."""

    enabled: bool = switch(False)
    longest_s: float = duration(60)
    samples_per_s: int = count(100, least=1, most=1000)


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """OpenTelemetry, where the extra `traces` is installed."""

    # An OTLP/HTTP endpoint. Empty: no traces.
    endpoint_url: str = text(shown=False)
    sampled_share: float = number(0.1, most=1.0)
