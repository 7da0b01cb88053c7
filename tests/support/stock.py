"""Starting stock WsgiDAV servers, as a peer to compare with and as a home for DriveProvider."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.commands import environment
from tests.support.serving import HOST, USERS, RunningServer, free_port, wait_until_ready

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def stock_wsgidav(folder: Path, drive_at: str | None = None) -> Iterator[RunningServer]:
    """WsgiDAV on cheroot. With `drive_at` it serves a davdrive drive of the data directory `folder` at that mount path,
    otherwise the folder itself."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log_file = folder.with_name(f"{folder.name}.{port}.log")
    mount = [] if drive_at is None else ["--drive", drive_at]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.stock_program", str(port), str(folder), *mount],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=environment(),
        )  # fmt: skip
    try:
        wait_until_ready(process, (HOST, port), log_file)
        yield RunningServer(process, (HOST, port), folder, USERS, log_file)
    finally:
        process.kill()
        process.wait()
