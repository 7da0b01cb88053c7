"""The folder through which the metrics of several processes are added up.

prometheus_client gives each process its own mapped files, named after its process id, and never removes them. Here a
process takes the first free number instead, so that a service that restarts its workers for years has as many files as
it ever had processes at once, and a successor counts on from where its predecessor stopped.
"""

import fcntl
import os
from pathlib import Path

from davdrive.folders import make_private_folder

LIVE_GAUGES = ("gauge_livesum",)
# Enough for every label seen in practice; a file that must grow does.
FILE_BYTES = {"counter": 256 << 10, "histogram": 512 << 10, "gauge_livesum": 64 << 10, "gauge_max": 64 << 10}
FILE_BYTES["gauge_mostrecent"] = 64 << 10
MAX_PROCESSES = 1024


class ProcessNumber:
    """The number of this process among those that use `folder` now; a forked child takes its own when first asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_private_folder(folder)
        self._file = os.open(folder / "processes.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._number: int | None = None
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> int:
        number = self._number
        return self._claim() if number is None else number

    def close(self) -> None:
        """Give the number back to whoever comes next."""
        os.close(self._file)

    def _claim(self) -> int:
        for number in range(MAX_PROCESSES):
            try:
                # The kernel frees it when the process ends, however that happens; forked children do not inherit it.
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except BlockingIOError:
                continue
            self._prepare(number)
            self._number = number
            return number
        raise RuntimeError(f"more than {MAX_PROCESSES} processes write metrics")

    def _prepare(self, number: int) -> None:
        """Drop the predecessor's live numbers, and allocate the files.

        Writing to a hole of a mapped file while the disk is full would kill the process (SIGBUS).
        """
        for prefix in LIVE_GAUGES:
            (self._folder / f"{prefix}_{number}.db").unlink(missing_ok=True)
        for prefix, size in FILE_BYTES.items():
            file = os.open(self._folder / f"{prefix}_{number}.db", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
            finally:
                os.close(file)

    def _forget(self) -> None:
        self._number = None
