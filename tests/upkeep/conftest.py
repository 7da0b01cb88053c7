"""Backends on both databases with bytes in memory, and an upkeep that waits for nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.open import ensure_drive, open_database, sqlite_url
from davdrive.metadata.engine import DatabaseOptions
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from davdrive.settings.folders import DATABASE_FILE
from davdrive.upkeep.options import UpkeepOptions

SEGMENT_BYTES, INLINE_BYTES = 64, 8
AT_ONCE = UpkeepOptions(
    retention_s=0, request_s=0, grace_s=0, sweep_age_s=0, sweep_interval_s=0, batch=7, deletions=2
)
"""No waiting, and batches so small that everything takes several of them."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with every table: copying it takes no time, making it does."""
    folder = tmp_path_factory.mktemp("template")
    open_database(DatabaseOptions(sqlite_url(folder))).close()
    return folder / DATABASE_FILE


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        shutil.copy(migrated, tmp_path / DATABASE_FILE)
        return sqlite_url(tmp_path)
    found: str = request.getfixturevalue("postgres_url")
    return found


def backend_on(url: str, store: ObjectStore) -> Backend:
    contents = ContentStore(store, segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
    return Backend(open_database(DatabaseOptions(url, pool_size=4, wait_s=5)), contents)


@pytest.fixture
def backend(url: str) -> Iterator[Backend]:
    """A backend with the drives `d` and `e`."""
    made = backend_on(url, MemoryStore())
    for name in ("d", "e"):
        ensure_drive(made, name)
    yield made
    made.contents.close()
    made.database.close()
