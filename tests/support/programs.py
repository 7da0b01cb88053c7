"""Programs that tests need: a test that lacks one is skipped with the package named, and in CI it fails."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def in_ci() -> bool:
    """Whether this run must not skip anything."""
    return os.environ.get("CI") == "true"


def find_program(program: str) -> str | None:
    """A program of this Python environment, of the path, or of the places that only root has on its path."""
    beside = Path(sys.executable).with_name(program)
    return str(beside) if beside.exists() else shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def needs(program: str, package: str) -> str:
    """The path of `program`. Without it the test is skipped, naming the package that has it; in CI it fails."""
    return find_program(program) or lacks(f"needs {program}, from the package {package}")


def lacks(reason: str) -> str:
    """Skip the test that asked, or fail it in CI."""
    if in_ci():
        pytest.fail(f"{reason} (nothing is skipped in CI)")
    pytest.skip(reason)
