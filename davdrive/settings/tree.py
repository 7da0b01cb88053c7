"""The tree of all options."""

import os
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from davdrive.settings.kinds import Listen, ListenAddress, OnePath, PositiveCount, PublicUrls
from davdrive.settings.limits import LimitSettings
from davdrive.settings.people import AuthSettings, RateSettings
from davdrive.settings.running import LogSettings, MetricSettings, ProfilingSettings, TraceSettings, UpkeepSettings
from davdrive.settings.serving import ServerSettings
from davdrive.settings.stores import MetadataSettings, ObjectSettings

DEFAULT_PORT = 8080
# What `Settings()` reads in this context, the strongest first; set by `load_settings`. Empty: defaults alone.
SOURCES: ContextVar[tuple[PydanticBaseSettingsSource, ...]] = ContextVar("SOURCES", default=())


def default_data_dir() -> Path:
    """The user's data folder (XDG Base Directory): never the folder in which a command happens to be typed."""
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(base) / "davdrive"


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """Every option of davdrive. Build it with `load_settings`, which also fills in what follows from `data_dir`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        env_prefix="DAVDRIVE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        enable_decoding=False,  # a list is written with commas; no JSON inside variables
    )

    # What stands behind the other defaults: `production` logs JSON.
    profile: Literal["development", "production"] = "development"
    data_dir: OnePath = Field(default_factory=default_data_dir)
    # State of this machine alone (sockets, metrics, rates), safe to lose. Default: `run` in the data directory.
    run_dir: OnePath = Path()
    # This machine alone, until somebody decides otherwise.
    listen: Listen = ListenAddress("127.0.0.1", DEFAULT_PORT)
    # Under which the clients know the server; a Destination header may name any of them.
    public_urls: PublicUrls = ()
    workers: PositiveCount = Field(default_factory=default_workers)
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
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _read: Callable[[], "Settings"] | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, files from the last to the first, profile."""
        return (init_settings, *SOURCES.get())

    def origin_of(self, option: str) -> str:
        """Where an option's value came from: a file and line, a variable, a flag, `default` or `derived from …`."""
        return self._origins.get(option, "default")

    def read_again(self) -> "Settings":
        """What the same sources say now. Errors: SettingsError."""
        return self if self._read is None else self._read()

    def remember(self, origins: dict[str, str], read: Callable[[], "Settings"]) -> None:
        """Keep what `origin_of` answers, by the options' dotted names, and how to `read_again`."""
        self._origins = origins
        self._read = read

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if (self.server.tls_certificate is None) != (self.server.tls_key is None):
            raise ValueError("server.tls_certificate and server.tls_key belong together: give both or neither")
        if self.upkeep.grace_s < self.limits.request_s:
            raise ValueError("upkeep.grace_s must be at least limits.request_s, or a download could lose its bytes")
        if self.upkeep.grace_s < self.objects.redirect_s + self.limits.request_s:
            raise ValueError("upkeep.grace_s must be at least objects.redirect_s and limits.request_s together")
        public = self.objects.redirect_endpoint_url or self.objects.endpoint_url
        if self.objects.redirect_s and self.auth.require_tls and public.startswith("http:"):
            raise ValueError("objects.redirect_s with auth.require_tls wants https: in objects.redirect_endpoint_url")
        if self.limits.lock_default_s > self.limits.lock_max_s:
            raise ValueError("limits.lock_default_s must not be over limits.lock_max_s")
        if self.objects.inline_bytes > self.objects.segment_bytes:
            raise ValueError("objects.inline_bytes must not be over objects.segment_bytes")
        if self.metadata.lock_timeout_s >= self.metadata.statement_timeout_s:
            raise ValueError("metadata.lock_timeout_s must be under metadata.statement_timeout_s, which counts it too")
        return self
