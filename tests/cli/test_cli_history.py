"""The commands that look after a store, as a person and as a script use them."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from davdrive.auth.accounts import app_password_id
from davdrive.cli.main import cli
from davdrive.drive.backend import Backend
from davdrive.drive.delete import delete
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.mkcol import make_collection
from davdrive.drive.names import DrivePath
from davdrive.drive.open import open_backend
from davdrive.drive.put import PutOptions, put
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.statement import Statement
from tests.cli.conftest import Run


@pytest.fixture
def backend(bob: Run, tmp_path: Path) -> Iterator[Backend]:
    made = open_backend(tmp_path / "data")
    yield made
    made.close()


def write(backend: Backend, name: str, content: bytes) -> None:
    put(backend, SYSTEM, DrivePath("bob", (name,)), [content], PutOptions())


def test_every_command_has_help_that_says_what_it_does(run: Run) -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help, name
        for each in getattr(command, "commands", {}).values():
            assert each.help, f"{name} {each.name}"


def test_check_of_a_clean_store_says_so_and_ends_with_0(backend: Backend, run: Run) -> None:
    write(backend, "file", b"content")
    assert run("check") == (0, "all is well\n", "")
    assert run("check", "--read-data").out == "all is well, every byte was read\n"
    assert json.loads(run("check", "--json").out) == {"findings": 0, "mended": 0}


def test_check_lists_findings_and_ends_with_1_until_they_are_mended(backend: Backend, run: Run) -> None:
    backend.database.write(lambda session: session.run(Statement("UPDATE drives SET used_bytes = 5")))
    found = run("check")
    assert found.status == 1
    assert found.lines == [
        "P8: the drive bob counts 5 bytes and stores 0 (--repair would count the bytes of the drive again)", "1 found",
    ]  # fmt: skip
    first, last = map(json.loads, run("check", "--json").lines)
    assert (first["promise"], first["repairable"], last) == ("P8", True, {"findings": 1, "mended": 0})
    assert run("check", "--repair").status == 0
    assert run("check").status == 0


def test_locks_are_listed_and_broken_by_token_or_path(backend: Backend, run: Run) -> None:
    assert run("lock", "list").out == "nothing is locked\n"
    for name in ("one", "two"):
        lock(backend, SYSTEM, DrivePath("bob", (name,)), LockRequest(infinite=False))
    listed = [json.loads(line) for line in run("lock", "list", "--json").lines]
    assert [each["path"] for each in listed] == ["/bob/one", "/bob/two"]
    assert "exclusive" in run("lock", "list").out
    assert run("lock", "break", listed[0]["token"]).out == "the lock of system is broken\n"
    assert run("lock", "break", "/bob/two").status == 0
    assert "there is no lock" in run("lock", "break", "/bob/two").err
    assert run("lock", "list").out == "nothing is locked\n"


def test_an_app_password_is_shown_once_listed_and_taken_away(bob: Run) -> None:
    secret = bob("app-password", "add", "bob", "laptop").out.strip()
    assert app_password_id(secret) == 1
    assert re.fullmatch(r"1-[\w-]{24}", secret)
    listed = bob("app-password", "list", "bob").out
    assert "laptop" in listed
    assert secret not in listed
    assert bob("app-password", "remove", "bob", "1").status == 0
    assert bob("app-password", "remove", "bob", "1").status == 1
    assert "there is no user 'eve'" in bob("app-password", "add", "eve", "x").err


def test_the_trash_is_listed_restored_and_emptied(backend: Backend, run: Run) -> None:
    for name in ("one", "two"):
        write(backend, name, b"x" * 2048)
        delete(backend, SYSTEM, DrivePath("bob", (name,)))
    newest, oldest = (json.loads(line) for line in run("trash", "list", "bob", "--json").lines)
    assert (newest["path"], oldest["path"], newest["size"]) == ("/bob/two", "/bob/one", 2048)
    assert "more" in run("trash", "list", "bob", "--most", "1").out
    assert run("trash", "restore", "bob", str(oldest["id"])).out == "/bob/one is back\n"
    assert run("trash", "restore", "bob", str(oldest["id"])).status == 1
    assert "stays" in run("trash", "empty", "bob").out
    time.sleep(0.003)
    assert run("trash", "empty", "bob", "--now").out == "/bob/ counts 2.0 KiB less\n"
    assert run("trash", "list", "bob").out == "the trash of /bob/ is empty\n"


def test_versions_are_listed_and_an_old_one_becomes_the_newest(backend: Backend, run: Run) -> None:
    write(backend, "file", b"1")
    write(backend, "file", b"22")
    newest, oldest = (json.loads(line) for line in run("versions", "/bob/file", "--json").lines)
    assert (newest["current"], oldest["size"]) == (True, 1)
    assert run("versions", "/bob/file", "--restore", str(oldest["id"])).status == 0
    assert len(run("versions", "bob/file").lines) == 3
    assert "there is and was no file" in run("versions", "/bob/other").err


def test_the_settings_in_force_are_shown_with_their_origin(run: Run) -> None:
    shown = run("config", "show", "upkeep.batch")
    assert shown.out.split() == ["upkeep.batch", "500", "(default)"]
    changed = [json.loads(line) for line in run("config", "show", "--changed", "--json").lines]
    assert {"option": "data_dir", "origin": "flag --data-dir"}.items() <= changed[0].items()


def test_upkeep_says_what_is_due_and_does_it(backend: Backend, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UPKEEP__RETENTION_DAYS", "UPKEEP__GRACE_S", "UPKEEP__SWEEP_AGE_S", "LIMITS__REQUEST_S"):
        monkeypatch.setenv(f"DAVDRIVE_{name}", "0" if name.endswith("DAYS") else "0.001")
    assert run("upkeep", "--dry-run").out == "nothing is due\n"
    write(backend, "file", b"x" * 100_000)
    delete(backend, SYSTEM, DrivePath("bob", ("file",)))
    time.sleep(0.01)
    assert "     100,000 bytes that drives no longer count" in run("upkeep", "--dry-run").lines
    assert run("upkeep", "--once").status == 0
    run("upkeep")
    assert not list(backend.contents.store.list())
    assert run("check").status == 0


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with what folders have."""
    folder = tmp_path / "tree"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "one").write_bytes(b"1" * 100_000)
    (folder / "sub" / "ü ñ").write_bytes(b"22")
    (folder / "sub" / "deep" / "none").write_bytes(b"")
    for at, (path, _, names) in enumerate(os.walk(folder, topdown=False)):
        for name in names:
            os.utime(Path(path, name), (1_500_000_000 + at, 1_500_000_000.25 + at))
        os.utime(path, (1_400_000_000 + at, 1_400_000_000 + at))
    return folder


def contents(folder: Path) -> dict[str, tuple[bytes | None, float]]:
    return {
        str(path.relative_to(folder)): (None if path.is_dir() else path.read_bytes(), path.stat().st_mtime)
        for path in folder.rglob("*")
    }


def test_a_tree_goes_in_and_comes_out_with_its_times(bob: Run, tree: Path, tmp_path: Path) -> None:
    assert bob("import", str(tree), "/bob/a/b").out == "7 stored (97.7 KiB)\n"
    assert "stored" not in bob("import", str(tree), "/bob/a/b").out
    assert bob("export", "/bob/a/b", str(tmp_path / "out")).status == 0
    assert contents(tmp_path / "out") == contents(tree)
    assert bob("export", "/bob/a/b", str(tmp_path / "out")).out.endswith("unchanged\n")
    assert bob("check", "--read-data").status == 0


def test_a_second_import_brings_only_what_changed(bob: Run, tree: Path, tmp_path: Path) -> None:
    bob("import", str(tree), "bob")
    (tree / "sub" / "new").write_bytes(b"new")
    (tree / "one").write_bytes(b"changed")
    stored = [json.loads(line) for line in bob("import", str(tree), "bob", "--json").lines[:-1]]
    assert {Path(each["path"]).name for each in stored if each["outcome"] == "stored"} >= {"one", "new"}
    assert len(bob("versions", "/bob/one").lines) == 2


def test_what_cannot_be_imported_is_told_and_the_rest_comes(bob: Run, tree: Path) -> None:
    (tree / "link").symlink_to("one")
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).write_bytes(b"")
    (tree / "u\N{COMBINING DIAERESIS}").write_bytes(b"decomposed")
    (tree / "\N{LATIN SMALL LETTER U WITH DIAERESIS}").write_bytes(b"composed")
    (tree / "bad\nname").write_bytes(b"")
    said = bob("import", str(tree), "bob")
    assert said.status == 1
    assert said.out.count("failed: ") == 3
    assert "skipped: " in said.out
    assert "a symbolic link" in said.out
    assert "is the same name in a drive" in said.out
    assert len(json.loads(f"[{','.join(bob('import', str(tree), 'bob', '--json').lines)}]")) > 8
    assert bob("check").status == 0


def test_an_export_never_goes_through_a_link_out_of_its_folder(backend: Backend, run: Run, tmp_path: Path) -> None:
    """Whoever may write into the folder could otherwise have files written anywhere else."""
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    make_collection(backend, SYSTEM, DrivePath("bob", ("d",)))
    put(backend, SYSTEM, DrivePath("bob", ("d", "f")), [b"x"], PutOptions())
    (out / "d").symlink_to(outside)
    said = run("export", "bob", str(out))
    assert said.status == 1
    assert "failed: " in said.out
    assert not list(outside.iterdir())


def test_an_export_of_rows_with_hostile_names_stops(backend: Backend, run: Run, tmp_path: Path) -> None:
    """A backup that somebody else made may hold any row."""
    write(backend, "good", b"good")
    with backend.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE entries SET name = '../escaped' WHERE name = 'good'")
    assert run("export", "bob", str(tmp_path / "out" / "deeper")).status == 1
    assert not (tmp_path / "out" / "escaped").exists()


def test_no_name_drives_a_terminal(backend: Backend, run: Run, tmp_path: Path) -> None:
    """Names hold no control characters of ASCII, but those of C1, which some obey, and marks that turn text."""
    name = "a\x9b2J\u202egpj.exe"
    write(backend, name, b"x")
    delete(backend, SYSTEM, DrivePath("bob", (name,)))
    write(backend, name, b"y")
    folder = tmp_path / "in"
    (folder / name).mkdir(parents=True)
    said = [run("trash", "list", "bob"), run("trash", "list", "bob", "--json"), run("versions", f"/bob/{name}")]
    said += [run("trash", "restore", "bob", said[0].out.split()[0]), run("import", str(folder), "bob")]
    assert [each.status for each in said] == [0, 0, 0, 1, 1]
    for each in said:
        assert not {"\x9b", "\u202e"} & set(each.out + each.err), each


def test_an_export_is_one_moment_and_finds_a_damaged_file(backend: Backend, run: Run, tmp_path: Path) -> None:
    write(backend, "good", b"good" * 30_000)
    write(backend, "bad", b"bad!" * 30_000)
    folder = tmp_path / "data" / "objects"
    victim = next(file for file in folder.rglob("*") if file.is_file() and file.read_bytes().startswith(b"bad!"))
    victim.write_bytes(b"bed!" * 30_000)
    said = run("export", "bob", str(tmp_path / "out"))
    assert said.status == 1
    assert "checksum" in said.out
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good"]


def test_backup_and_restore_by_command(bob: Run, tree: Path, tmp_path: Path) -> None:
    bob("import", str(tree), "bob")
    first = json.loads(bob("backup", str(tmp_path / "backup"), "--json").out)
    again = json.loads(bob("backup", str(tmp_path / "backup"), "--json", "--keep", "1").out)
    assert (first["number"], first["copied"], again["number"], again["copied"]) == (1, 1, 2, 0)
    assert len(bob("backup", str(tmp_path / "backup"), "--list").lines) == 1
    said = bob("restore", str(tmp_path / "backup"), data_dir=tmp_path / "new")
    assert (said.status, said.lines[-1]) == (0, "every byte was read and is what was stored")
    bob("export", "bob", str(tmp_path / "out"), data_dir=tmp_path / "new")
    assert contents(tmp_path / "out") == contents(tree)
    assert "there is no folder" in bob("restore", str(tmp_path / "nowhere"), data_dir=tmp_path / "third").err
    assert "own store" in bob("backup", str(tmp_path / "data" / "objects")).err


def test_migrate_store_says_the_settings_to_go_on_with(bob: Run, tree: Path, tmp_path: Path) -> None:
    bob("import", str(tree), "bob")
    url = f"sqlite:///{tmp_path / 'moved' / 'davdrive.db'}"
    said = bob("migrate-store", "--to-metadata", url, "--to-objects", str(tmp_path / "moved" / "objects"))
    assert said.status == 0
    assert f"metadata.url = {url}" in said.out
    assert bob("check", "--read-data", data_dir=tmp_path / "moved").status == 0
    assert bob("migrate-store").status == 1


def test_the_doctor_finds_a_good_configuration_good(bob: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAVDRIVE_LISTEN", "127.0.0.1:0")
    said = bob("doctor")
    assert "BAD" not in said.out
    assert said.status == 0


def test_the_doctor_says_what_is_wrong_in_a_sentence(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAVDRIVE_LISTEN", "0.0.0.0:1")
    monkeypatch.setenv("DAVDRIVE_METADATA__URL", "postgresql+psycopg://u:hidden@127.0.0.1:1/none")
    said = run("doctor", "--json")
    assert said.status == 1
    assert "hidden" not in said.out
    told = {each["part"]: each["message"] for each in map(json.loads, said.lines) if not each["ok"]}
    assert "cannot be opened" in told["metadata"]
    assert "passwords travel in the clear" in told["certificate"]
    assert not (tmp_path / "data").exists()
