"""Answers whose bytes lie in files leave by sendfile, never passing through this process."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from davdrive.server.channel import Channel


def send_ranges(channel: Channel, ranges: Sequence[tuple[Path, int, int]], head: Callable[[], bytes]) -> None:
    """Send `head()` and then each (file, offset, length). The first file is opened before the head goes out, so that a
    missing one can still be answered with an error.

    Raises OSError and EOFError for missing or short files, and what the channel raises.
    """
    wanted = [part for part in ranges if part[2]]
    opened = os.open(wanted[0][0], os.O_RDONLY | os.O_CLOEXEC) if wanted else -1
    try:
        before = head()
        if not wanted:
            channel.send_all((before,))
        for at, (path, offset, length) in enumerate(wanted):
            if at:
                os.close(opened)
                opened = -1
                opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            channel.send_file(opened, offset, length, before)
            before = b""
    finally:
        if opened >= 0:
            os.close(opened)
