"""Every test of this room that asks for `database` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from tests.metadata.counted import Site, counted_site
from tests.support.postgres import Postgres


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


@pytest.fixture(scope="module", params=["plain", "dressed"])
def site(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The application over a counted wire, its drive without and with locks and dead properties."""
    url = postgres.fresh()
    with counted_site(url, tmp_path_factory.mktemp("counted"), dressed=request.param == "dressed") as made:
        yield made
    postgres.drop(url)
