"""Data directories with users in them: made once by the real command, and copied for every server after that."""

import functools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.commands import davdrive

_kept: "list[tempfile.TemporaryDirectory[str]]" = []
_there: dict[Path, set[str]] = {}


def add_user(data_dir: Path, name: str, password: str) -> None:
    """`davdrive user add NAME --password-stdin`, for a user that is not there yet."""
    added = davdrive("user", "add", name, "--password-stdin", data_dir=data_dir, stdin=password + "\n", check=False)
    assert added.returncode == 0 or "already" in added.stderr, added.stdout + added.stderr


def add_users(data_dir: Path, users: Mapping[str, str]) -> None:
    """Add every user that is not there yet; to a data directory that is still empty by a copy of one."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not any(data_dir.iterdir()):
        mode = data_dir.stat().st_mode
        shutil.copytree(_with_users(tuple(users.items())), data_dir, dirs_exist_ok=True)
        data_dir.chmod(mode)
        _there[data_dir] = set(users)
    for name in users.keys() - _there.setdefault(data_dir, set()):
        add_user(data_dir, name, users[name])
        _there[data_dir].add(name)


@functools.cache
def _with_users(users: tuple[tuple[str, str], ...]) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="davdrive-people-")
    _kept.append(folder)  # it goes when the tests end
    data_dir = Path(folder.name)
    for name, password in users:
        add_user(data_dir, name, password)
    return data_dir
