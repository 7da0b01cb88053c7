"""A data directory with two users, made once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.support.serving import add_user

USERS = {"bob": "bob's secret", "alice": "alice's secret"}


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "d"
    for name, password in USERS.items():
        add_user(folder, name, password)
    return folder


@pytest.fixture
def data_dir(made_once: Path, tmp_path: Path) -> Path:
    """Where bob and alice can come in."""
    folder = tmp_path / "d"
    shutil.copytree(made_once, folder)
    (tmp_path / "d.users").write_text(" ".join(USERS))
    return folder
