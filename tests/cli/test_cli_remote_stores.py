"""The commands on PostgreSQL and S3, with nothing but environment variables: no data directory is needed or made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.seaweed import Seaweed


@pytest.fixture
def remote(tmp_path: Path, postgres_url: str, seaweed: Seaweed) -> dict[str, str]:
    """The environment of a node, and a home that nothing should be written to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DAVDRIVE_", "XDG_"))}
    return {
        **kept,
        **seaweed.environment(),
        "HOME": str(tmp_path / "home"),
        "DAVDRIVE_METADATA__URL": postgres_url,
        "DAVDRIVE_OBJECTS__URL": seaweed.url(),
        "DAVDRIVE_OBJECTS__ENDPOINT_URL": seaweed.endpoint_url,
        "DAVDRIVE_LIMITS__REQUEST_S": "0.001",
        "DAVDRIVE_UPKEEP__GRACE_S": "0.001",
        "DAVDRIVE_UPKEEP__SWEEP_AGE_S": "0.001",
    }


def davdrive(environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "davdrive", *arguments],
        env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_store_on_postgresql_and_s3_is_looked_after_from_any_node(remote: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        (source / f"file {number}").write_bytes(os.urandom(100_000))
    davdrive(remote, "user", "add", "bob", "--password-stdin", stdin="secret\n")
    davdrive(remote, "import", str(source), "bob")
    assert "file 2" in davdrive(remote, "export", "bob", str(tmp_path / "out"), "--json")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == {
        file.name: file.read_bytes() for file in source.iterdir()
    }
    davdrive(remote, "upkeep")
    assert davdrive(remote, "check", "--read-data") == "all is well, every byte was read\n"
    assert "3 objects" in davdrive(remote, "backup", str(tmp_path / "backup"))
    remote["DAVDRIVE_LISTEN"] = "127.0.0.1:0"
    assert "PostgreSQL 1" in davdrive(remote, "doctor")
    davdrive(
        {"DAVDRIVE_LISTEN": "127.0.0.1:0", **{name: remote[name] for name in ("PATH", "HOME")}},
        "restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "restored"),
    )  # fmt: skip
    assert not (tmp_path / "home").exists()
