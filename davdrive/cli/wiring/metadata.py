"""From settings to the metadata."""

from davdrive.cli.wiring.closing import closed_in_the_end
from davdrive.drive.open import open_database
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.observer import Observer
from davdrive.metadata.url import is_sqlite
from davdrive.settings import Settings


def database_options(settings: Settings) -> DatabaseOptions:
    """How to reach the metadata."""
    chosen = settings.metadata
    sqlite = is_sqlite(chosen.url)
    return DatabaseOptions(
        url=chosen.url,
        pool_size=max(chosen.pool_size, settings.server.threads + 2) if sqlite else chosen.pool_size,
        pool_overflow=0 if sqlite else chosen.pool_overflow,
        wait_s=chosen.busy_timeout_s if sqlite else chosen.lock_timeout_s,
        pool_wait_s=chosen.pool_timeout_s,
        tries=chosen.tries,
        sqlite_cache_kib=chosen.cache_bytes // 1024,
        connect_s=chosen.connect_timeout_s,
        statement_s=chosen.statement_timeout_s,
        recycle_s=chosen.pool_recycle_s,
        application=f"davdrive {settings.listen}",
    )


def make_database(settings: Settings, observer: Observer | None = None) -> Database:
    """Migrate and open the metadata; `observer` hears of every change."""
    return closed_in_the_end(open_database(database_options(settings), observer))
