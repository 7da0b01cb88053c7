"""A data directory with two users."""

from pathlib import Path

import pytest

from tests.support.people import add_users

USERS = {"bob": "bob's secret", "alice": "alice's secret"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where bob and alice can come in."""
    add_users(tmp_path / "d", USERS)
    return tmp_path / "d"
