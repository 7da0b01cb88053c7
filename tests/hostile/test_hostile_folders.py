"""Other users of the machine: what they may open of ours, and what they put where we write."""

import os
import stat
from pathlib import Path

import pytest

from davdrive.errors import Misconfigured
from davdrive.folders import make_private_folder
from tests.support.commands import davdrive
from tests.support.people import add_user
from tests.support.serving import RunningServer, running_server

STRANGER = 4243


def open_to_others(*folders: Path) -> list[str]:
    """The files and folders below, that are not empty, which other users may open, with their modes."""
    found = [(each, each.lstat()) for folder in folders for each in folder.rglob("*")]
    assert len(found) > 5
    return [
        f"{each} {about.st_mode:o}"
        for each, about in found
        if about.st_mode & 0o077 and (stat.S_ISDIR(about.st_mode) or about.st_size)
    ]


def test_no_file_that_holds_anything_is_open_to_others_nor_a_backup(tmp_path: Path) -> None:
    data_dir, backup, tree = tmp_path / "data", tmp_path / "backup", tmp_path / "tree"
    tree.mkdir()
    (tree / "private").write_bytes(b"x" * 300_000)
    add_user(data_dir, "bob", "secret")
    davdrive("import", str(tree), "bob", data_dir=data_dir)
    davdrive("backup", str(backup), data_dir=data_dir)
    assert not open_to_others(data_dir, backup)


def test_the_data_directory_is_closed_to_other_users_of_the_machine(server: RunningServer) -> None:
    """Also where the folder was there before, and open: it holds password hashes and what people wrote."""
    assert server.data_dir.stat().st_mode & 0o077, "this server was given a folder that stood open"
    assert not open_to_others(server.data_dir)


def test_what_a_first_start_makes_is_closed_whatever_the_umask(tmp_path: Path) -> None:
    """The folder `run` was made as open as the umask was: anybody could ask for profiles, and put links into it."""
    data_dir, settings = tmp_path / "data", {"DAVDRIVE_RATES__USER_REQUESTS_PER_S": "1000"}
    data_dir.mkdir()
    before = os.umask(0)
    try:
        with running_server(data_dir, {"bob": "secret"}, settings=settings) as server:
            server.client("bob").put("large", b"x" * 300_000)
            assert not open_to_others(data_dir)
    finally:
        os.umask(before)


def test_a_folder_that_somebody_else_made_where_everybody_may_write_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger who is quicker, between the look at `/tmp` and the making of our folder there, owns what is in it."""
    anybodys = tmp_path / "tmp"
    planted = anybodys / "davdrive-4242"
    planted.mkdir(parents=True)
    anybodys.chmod(0o1777)
    if os.getuid() == 0:  # what root owns is trusted
        os.chown(planted, STRANGER, -1)
    monkeypatch.setattr(os, "getuid", lambda: STRANGER - 1)
    with pytest.raises(Misconfigured):
        make_private_folder(planted / "metrics")
    anybodys.chmod(0o755)
    make_private_folder(planted / "metrics")
    assert (planted / "metrics").stat().st_mode & 0o077 == 0
