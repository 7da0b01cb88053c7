"""A data directory whose database was lost or exchanged, or is of before stores had marks: what a start and commands
say, and how to go on."""

import sqlite3
from pathlib import Path

import pytest

from davdrive.cli.first_start import welcome
from davdrive.drive.names import DrivePath
from davdrive.drive.open import open_backend
from davdrive.drive.put import PutOptions, put
from davdrive.errors import Misconfigured
from davdrive.metadata.caller import SYSTEM
from davdrive.objects.base import MARK
from davdrive.settings import Settings, load_settings
from davdrive.settings.folders import DATABASE_FILE, OBJECTS_FOLDER
from davdrive.upkeep.mark import as_text
from tests.cli.conftest import Run
from tests.cli.test_cli_upkeep import fingerprint

FOREIGN = "the object store has a mark that is not this database's"
WELL = "all is well\n"


def settings_of(tmp_path: Path, objects: Path | None = None) -> Settings:
    chosen = {"objects": {"url": str(objects)}} if objects else {}
    return load_settings(
        {"data_dir": str(tmp_path / "data"), "run_dir": str(tmp_path / "run"), **chosen}, environment={}
    )


@pytest.fixture
def data(bob: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a file that is an object, on which no server began yet."""
    monkeypatch.setenv("DAVDRIVE_LISTEN", "127.0.0.1:0")
    folder = tmp_path / "data"
    backend = open_backend(folder)
    put(backend, SYSTEM, DrivePath("bob", ("file",)), [b"x" * 100_000], PutOptions())
    backend.close()
    return folder


def mark_in(data: Path) -> bytes:
    return (data / OBJECTS_FOLDER / MARK).read_bytes()


def without_database(data: Path) -> None:
    for file in data.glob(f"{DATABASE_FILE}*"):
        file.unlink()


def of_the_schema_before(data: Path) -> None:
    with sqlite3.connect(data / DATABASE_FILE) as connection:
        connection.execute("DROP TABLE pairing")
        connection.execute("UPDATE alembic_version SET version_num = '0006'")
    connection.close()


def test_a_start_marks_the_store_without_a_word(data: Path, run: Run, tmp_path: Path) -> None:
    assert "the objects have no mark of the metadata yet" in run("doctor").out
    before = fingerprint(data)
    for words in (("doctor",), ("check",), ("upkeep", "--dry-run")):
        assert run(*words).status == 0
    assert fingerprint(data) == before
    welcome(settings_of(tmp_path))
    assert run("check") == (0, WELL, "")
    assert "the metadata and the objects belong together" in run("doctor").out
    assert "belong together already" in run("adopt-store").out
    mark = mark_in(data)
    welcome(settings_of(tmp_path))
    assert (mark_in(data), run("check").out) == (mark, WELL)


def test_an_installation_of_before_stores_had_marks_goes_on_at_the_next_start(
    data: Path, run: Run, tmp_path: Path
) -> None:
    of_the_schema_before(data)
    said = run("doctor")
    assert (said.status, "brings them up to date" in said.out) == (0, True)
    welcome(settings_of(tmp_path))
    assert mark_in(data)
    assert run("check") == (0, WELL, "")


def test_a_new_database_on_the_objects_of_a_lost_one_is_told_at_once_and_goes_on_when_somebody_says_so(
    data: Path, run: Run, tmp_path: Path
) -> None:
    welcome(settings_of(tmp_path))
    mark = mark_in(data)
    without_database(data)
    assert f"BAD  pair           {FOREIGN}" in run("doctor").out
    for _ in range(2):
        with pytest.raises(Misconfigured, match="from now on, run davdrive adopt-store"):
            welcome(settings_of(tmp_path))
    assert "there is no user" in run("user", "list").out
    assert mark_in(data) == mark
    assert "belong together from now on" in run("adopt-store").out
    welcome(settings_of(tmp_path))
    assert "belong together" in run("doctor").out


def test_check_does_not_adopt_a_store_that_is_anothers_and_nothing_is_imported_into_it(
    data: Path, run: Run, tmp_path: Path
) -> None:
    welcome(settings_of(tmp_path))
    (data / OBJECTS_FOLDER / MARK).write_bytes(as_text("another"))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "new").write_bytes(b"y" * 100_000)
    for words in (("check",), ("check", "--repair")):
        said = run(*words)
        assert said.status == 1
        assert f"P6: {FOREIGN}; correct metadata.url or objects.url (if the two belong together from now on" in said.out
    refused = run("import", str(tmp_path / "source"), "bob")
    assert (refused.status, FOREIGN in refused.err) == (1, True)
    swept = run("upkeep")
    assert (swept.status, f"nothing was swept or deleted: {FOREIGN}" in swept.err) == (1, True)
    assert mark_in(data) == as_text("another")
    assert run("adopt-store").status == 0
    assert run("check") == (0, WELL, "")


def test_a_store_that_cannot_be_reached_at_a_start_is_marked_by_a_later_one(
    data: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    welcome(settings_of(tmp_path, tmp_path / "file" / "objects"))
    printed = capsys.readouterr()
    assert "the object store cannot be used now" in printed.out + printed.err
    assert not (data / OBJECTS_FOLDER / MARK).exists()
    welcome(settings_of(tmp_path))
    assert run("check") == (0, WELL, "")
    assert mark_in(data)


def test_another_folder_than_that_of_the_last_start_is_told_before_anything_is_served(
    data: Path, tmp_path: Path
) -> None:
    welcome(settings_of(tmp_path))
    with pytest.raises(Misconfigured, match="none of the objects that this database needs"):
        welcome(settings_of(tmp_path, tmp_path / "elsewhere"))
