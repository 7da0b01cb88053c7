"""Running client programs to their end."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 180


def run(
    *command: str,
    folder: Path,
    stdin: str = "",
    statuses: Sequence[int] = (0,),
    timeout_s: float = TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program in `folder`, which is also its home, and return what it printed. `environment`: what is
    added to it."""
    whole = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC", **(environment or {})}
    done = subprocess.run(
        command, cwd=folder, input=stdin, env=whole, timeout=timeout_s, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode in statuses, f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout
