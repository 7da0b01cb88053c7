"""Options of what goes on beside requests: upkeep, logs, metrics, profiles, traces."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from davdrive.settings.kinds import Count, Networks, PositiveCount, PositiveSeconds, Seconds, Section

DAY_S = 86_400


class UpkeepSettings(Section):
    """What is removed, when, and by whom."""

    # Whether `serve` does it in the background; otherwise a timer runs `davdrive upkeep`.
    in_background: bool = True
    interval_s: PositiveSeconds = 3600
    # Trash and old versions of a drive that sets no retention of its own; a month covers a holiday.
    retention_days: Count = 30
    # From an object's last reference to its deletion. Never less than `limits.request_s`.
    grace_s: PositiveSeconds = DAY_S
    # Objects that nobody names are swept when they are older than this: uploads in progress are younger.
    sweep_age_s: PositiveSeconds = DAY_S
    sweep_interval_s: PositiveSeconds = 7 * DAY_S
    # Rows in one transaction of upkeep, so that it never holds up people for long.
    batch: PositiveCount = 500


class LogSettings(Section):
    """Logs go to standard error, one line an event."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    # WsgiDAV, cheroot, SQLAlchemy, boto3: their own chatter.
    libraries: Literal["debug", "info", "warning", "error"] = "warning"
    # A line for every request.
    access: bool = False
    # A request slower than this is logged whatever `access` says; 0 never.
    slow_s: Seconds = 10


class MetricSettings(Section):
    """`/-/metrics` for Prometheus."""

    enabled: bool = True
    # Who may read them: these addresses, or anybody with the token as Bearer.
    addresses: Networks = ("127.0.0.0/8", "::1", "unix")
    token: SecretStr = SecretStr("")


class ProfilingSettings(Section):
    """`davdrive profile`: what the live process spends its time on."""

    # Nothing is looked at until somebody asks who may write into `run_dir`.
    enabled: bool = True
    longest_s: PositiveSeconds = 60
    samples_per_s: Annotated[PositiveCount, Field(le=1000)] = 100


class TraceSettings(Section):
    """OpenTelemetry, where the extra `traces` is installed."""

    # An OTLP/HTTP endpoint. Empty: no traces.
    endpoint_url: Annotated[str, Field(repr=False)] = ""
    sampled_share: Annotated[float, Field(ge=0, le=1)] = 0.1
