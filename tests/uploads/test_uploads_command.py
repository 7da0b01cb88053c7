"""`davdrive uploads list|drop`, and that upkeep leaves no object of what was dropped."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from davdrive.cli.main import cli
from davdrive.cli.wiring import make_backend
from davdrive.drive.open import ensure_drive
from davdrive.errors import DriveError, Gone, NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.settings import load_settings
from tests.uploads.conftest import used_bytes
from tests.uploads.upload_steps import part, pattern, started

BODY = pattern(200_000)


def davdrive(*arguments: str, data_dir: Path) -> str:
    """Run a command in this process; what it printed."""
    done = CliRunner().invoke(cli, [*arguments, "--data-dir", str(data_dir)], standalone_mode=False)
    if isinstance(done.exception, DriveError):
        raise done.exception
    assert done.exception is None, done.exception
    return done.output


def test_unfinished_uploads_are_listed_and_dropped_and_leave_nothing(tmp_path: Path) -> None:
    backend = make_backend(load_settings({"data_dir": str(tmp_path)}, ()))
    ensure_drive(backend, "bob")
    refs = [started(backend, name, total=400_000) for name in ("one", "two", "three")]
    for ref in refs:
        part(backend, ref, 1, BODY)
    lines = davdrive("uploads", "list", "--json", data_dir=tmp_path).splitlines()
    found = [json.loads(line) for line in lines]
    shown = [(each["name"], each["received"], each["total"], each["user"]) for each in found]
    assert shown == [(name, 200_000, 400_000, SYSTEM.name) for name in ("one", "two", "three")]
    assert "195.3 KiB of 390.6 KiB" in davdrive("uploads", "list", data_dir=tmp_path)

    for wrong in ([], ["no-such"]):
        with pytest.raises(NotFound):
            davdrive("uploads", "drop", *wrong, data_dir=tmp_path)
    davdrive("uploads", "drop", found[0]["id"], data_dir=tmp_path)
    assert used_bytes(backend) == 400_000
    with pytest.raises((Gone, NotFound)):
        part(backend, refs[0], 2, b"late")
    assert "is dropped" in davdrive("uploads", "drop", "--all", data_dir=tmp_path)
    assert used_bytes(backend) == 0
    assert "nothing" in davdrive("uploads", "list", data_dir=tmp_path)
    backend.contents.close()
    backend.database.close()


def test_an_id_of_before_that_looks_like_an_option_is_dropped_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make_backend(load_settings({"data_dir": str(tmp_path)}, ()))
    ensure_drive(backend, "bob")
    monkeypatch.setattr("davdrive.drive.uploads.begin.secrets.token_hex", lambda _: "-e-l_nocN")
    started(backend, "one", total=400_000)
    assert "is dropped" in davdrive("uploads", "drop", "-e-l_nocN", data_dir=tmp_path)
    with pytest.raises(NotFound, match="--al"):
        davdrive("uploads", "drop", "--al", data_dir=tmp_path)
    backend.contents.close()
    backend.database.close()
