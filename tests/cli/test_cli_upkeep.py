"""Commands that must not write, or must end well in the middle."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.delete import delete
from davdrive.drive.names import DrivePath
from davdrive.drive.open import open_backend
from davdrive.drive.put import PutOptions, put
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.statement import Statement
from tests.cli.conftest import Run


@pytest.fixture
def backend(bob: Run, tmp_path: Path) -> Iterator[Backend]:
    made = open_backend(tmp_path / "data")
    for number in range(3):
        put(made, SYSTEM, DrivePath("bob", (f"file {number}",)), [b"%d" % number * 100_000], PutOptions())
    yield made
    made.close()


@pytest.mark.parametrize(
    "words",
    [
        ("check",), ("check", "--repair"), ("upkeep",), ("upkeep", "--dry-run"), ("backup", "kept"),
        ("export", "bob", "out"), ("trash", "list", "bob"), ("versions", "/bob/file"),
    ],
)  # fmt: skip
def test_a_data_directory_that_is_not_there_is_an_error_and_is_not_made(
    run: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*words, data_dir=tmp_path / "mistyped")
    assert said.status == 1
    assert "there is no davdrive at" in said.err
    assert not (tmp_path / "mistyped").exists() or not list((tmp_path / "mistyped").glob("*.db"))
    assert not (tmp_path / "kept").exists()


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file with its content, without what SQLite needs beside a database that is open."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".db-shm")
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_dry_run_and_a_check_write_nothing_at_all(backend: Backend, run: Run, tmp_path: Path) -> None:
    delete(backend, SYSTEM, DrivePath("bob", ("file 1",)))
    backend.database.write(lambda session: session.run(Statement("DELETE FROM secrets")))
    before = fingerprint(tmp_path / "data")
    assert run("upkeep", "--dry-run").status == 0
    assert run("check", "--read-data").status == 0
    assert run("export", "bob", str(tmp_path / "out")).status == 0
    assert fingerprint(tmp_path / "data") == before


def test_upkeep_that_is_ended_says_so_and_leaves_all_well(backend: Backend, run: Run, tmp_path: Path) -> None:
    for number in range(3):
        delete(backend, SYSTEM, DrivePath("bob", (f"file {number}",)))
    words = [sys.executable, "-m", "davdrive", "upkeep", "--every", "3600", "--data-dir", str(tmp_path / "data")]
    zero = {f"DAVDRIVE_{name}": "0.001" for name in ("LIMITS__REQUEST_S", "UPKEEP__GRACE_S")}
    with subprocess.Popen(
        words, env={**os.environ, **zero, "DAVDRIVE_UPKEEP__RETENTION_DAYS": "0"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
        assert "ended by SIGTERM: what was done stays" in process.stderr.read()
    assert run("check").status == 0
