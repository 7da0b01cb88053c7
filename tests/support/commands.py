"""Running a command of davdrive to its end."""

import os
import subprocess
import sys
from pathlib import Path


def davdrive(
    *arguments: str, data_dir: Path, stdin: str = "", check: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Run a command of davdrive to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "davdrive", *arguments, "--data-dir", str(data_dir)],
        input=stdin, capture_output=True, text=True, timeout=120, env=environment(), check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"davdrive {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done


def environment(**more: str) -> dict[str, str]:
    """The environment of a davdrive process: nothing that the caller's shell says about davdrive gets in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DAVDRIVE_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}
