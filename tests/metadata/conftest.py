"""Every test of this room that asks for `database` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of its own."""
    if request.param == "postgresql":
        found: str = request.getfixturevalue("postgres_url")
        return found
    options = DatabaseOptions(f"sqlite:///{tmp_path / 'metadata.db'}")
    migrate(options)
    return options.url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(DatabaseOptions(url, wait_s=10))
    yield opened
    opened.close()
