"""Bringing a schema up to date, on both databases alike."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from davdrive.errors import BadRequest, Unavailable
from davdrive.metadata import migrate as migrating
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate, newest_revision
from davdrive.metadata.tables import metadata
from tests.support.postgres import Postgres

PROCESSES = 4
_PROGRAM = """
import sys
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
sys.stdin.read(1)
print(migrate(DatabaseOptions(sys.argv[1])))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.execute("CREATE DATABASE empty")
    yield postgres.url("empty")
    postgres.execute("DROP DATABASE empty WITH (FORCE)")


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def test_processes_that_start_at_once_migrate_once_and_all_go_on(empty_url: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", _PROGRAM, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b".")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in started]
    assert sorted(said) == [b"False"] * (PROCESSES - 1) + [b"True"]
    assert [process.returncode for process in started] == [0] * PROCESSES


def test_the_migrations_make_what_the_tables_say(empty_url: str) -> None:
    migrate(DatabaseOptions(empty_url))
    with _engine(empty_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == newest_revision()


def test_a_database_of_the_first_schema_becomes_todays_with_its_rows(empty_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    engine = _engine(empty_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text("""INSERT INTO drives (id, name, name_key, case_insensitive, used_bytes, revision, next_node,
                       time_ms, created_ms) VALUES (1, 'home', 'home', 0, 0, 7, 2, 0, 0)""")
        )
    assert migrate(DatabaseOptions(empty_url))
    assert not migrate(DatabaseOptions(empty_url))
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name, revision FROM drives")).all() == [("home", 7)]


def test_a_migration_that_breaks_off_leaves_nothing_that_the_next_start_stumbles_over(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrating, "_check_foreign_keys", break_off)
    with pytest.raises(KeyboardInterrupt):
        migrate(DatabaseOptions(empty_url))
    with _engine(empty_url).connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    monkeypatch.undo()
    assert migrate(DatabaseOptions(empty_url))


def test_a_new_postgresql_database_knows_what_to_expect_and_holds_nothing(postgres_url: str) -> None:
    with _engine(postgres_url).connect() as connection:
        known = connection.execute(sa.text("SELECT count(*) FROM pg_stats WHERE tablename IN ('entries', 'versions')"))
        assert known.scalar_one() > 10
        for table in metadata.sorted_tables:
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0, table.name


def test_a_schema_from_the_future_is_refused_with_a_sentence(empty_url: str) -> None:
    migrate(DatabaseOptions(empty_url))
    with _engine(empty_url).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadRequest, match="newer davdrive"):
        migrate(DatabaseOptions(empty_url))


def test_a_database_that_cannot_be_reached_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        migrate(DatabaseOptions("postgresql+psycopg://nobody@127.0.0.1:9/none"))
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="folder for the metadata"):
        migrate(DatabaseOptions(f"sqlite:///{tmp_path}/file/metadata.db"))
