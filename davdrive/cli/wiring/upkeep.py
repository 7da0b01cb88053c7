"""From settings to upkeep."""

from davdrive.drive.backend import Backend
from davdrive.settings import Settings
from davdrive.upkeep.background import BackgroundUpkeep
from davdrive.upkeep.options import DAY_S, UpkeepOptions


def upkeep_options(settings: Settings) -> UpkeepOptions:
    """What upkeep goes by."""
    chosen = settings.upkeep
    return UpkeepOptions(
        retention_s=chosen.retention_days * DAY_S,
        request_s=settings.limits.request_s,
        grace_s=chosen.grace_s,
        sweep_age_s=chosen.sweep_age_s,
        sweep_interval_s=chosen.sweep_interval_s,
        batch=chosen.batch,
    )


def make_background(settings: Settings, backend: Backend) -> BackgroundUpkeep | None:
    """Upkeep for a serving process, if the settings want it there."""
    if not settings.upkeep.in_background:
        return None
    return BackgroundUpkeep(backend, upkeep_options(settings), settings.upkeep.interval_s)
