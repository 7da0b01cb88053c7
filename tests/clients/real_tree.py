"""A real tree of files: the Python standard library as it is installed."""

import hashlib
import os
import shutil
import sysconfig
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns("site-packages", "dist-packages", "test", "tests", "__pycache__", "config-*")


def copy_library(target: Path) -> int:
    """Copy the library's sources, and how many files they are."""
    shutil.copytree(sysconfig.get_path("stdlib"), target, ignore=LEFT_OUT)
    for folder, _, files in os.walk(target):
        os.utime(folder)
        for name in files:
            (Path(folder) / name).chmod(0o644)
    return sum(len(files) for _, _, files in os.walk(target))


def checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its relative path."""
    found: dict[str, str] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "lost+found"]
        for name in files:
            path = Path(parent) / name
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
