"""The tree of all options."""

# ruff: noqa: RUF009 - these functions return dataclass fields, and the sections are frozen

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from davdrive.settings.kinds import choice, count, listen, path, public_urls
from davdrive.settings.limits import LimitSettings
from davdrive.settings.people import AuthSettings, RateSettings
from davdrive.settings.running import LogSettings, MetricSettings, ProfilingSettings, TraceSettings, UpkeepSettings
from davdrive.settings.serving import ServerSettings
from davdrive.settings.stores import MetadataSettings, ObjectSettings
from davdrive.settings.values import ListenAddress

DEFAULT_PORT = 8080


def default_data_dir() -> Path:
    """The user's data folder (XDG Base Directory): never the folder in which a command happens to be typed."""
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(base) / "davdrive"


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Every option of davdrive. Build it with `load_settings`, which also fills in what follows from `data_dir`."""

    # What stands behind the other defaults: `production` logs JSON.
    profile: Literal["development", "production"] = choice("development", "production")
    data_dir: Path = path(default_data_dir)
    # State of this machine alone (sockets, metrics, rates), safe to lose. Default: `run` in the data directory.
    run_dir: Path = path(Path)
    # This machine alone, until somebody decides otherwise.
    listen: ListenAddress = listen(ListenAddress("127.0.0.1", DEFAULT_PORT))
    # Under which the clients know the server; a Destination header may name any of them.
    public_urls: tuple[str, ...] = public_urls()
    workers: int = count(default_workers(), least=1)
    metadata: MetadataSettings = MetadataSettings()
    objects: ObjectSettings = ObjectSettings()
    limits: LimitSettings = LimitSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    rates: RateSettings = RateSettings()
    upkeep: UpkeepSettings = UpkeepSettings()
    log: LogSettings = LogSettings()
    metrics: MetricSettings = MetricSettings()
    profiling: ProfilingSettings = ProfilingSettings()
    traces: TraceSettings = TraceSettings()
    # Where each option that is no default came from.
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def origin_of(self, option: str) -> str:
        """Where an option's value came from: a file and line, a variable, a flag, `default` or `derived from …`."""
        return self.origins.get(option, "default")

    def __post_init__(self) -> None:
        if self.upkeep.grace_s < self.limits.request_s:
            raise ValueError("upkeep.grace_s must be at least limits.request_s, or a download could lose its bytes")
        if self.limits.lock_default_s > self.limits.lock_max_s:
            raise ValueError("limits.lock_default_s must not be over limits.lock_max_s")
        if self.objects.inline_bytes > self.objects.segment_bytes:
            raise ValueError("objects.inline_bytes must not be over objects.segment_bytes")
