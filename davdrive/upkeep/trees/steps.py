"""Folders and files below an open folder, reached one step at a time and never through a link.

Whoever may write to a folder that is read can put a link in the place of a folder a moment after somebody looked at it.
A path would follow it; a step from an open folder with O_NOFOLLOW cannot.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TOP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_STEP = _TOP | os.O_NOFOLLOW
# Not to wait for a writer, should a pipe have taken the file's place.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@contextmanager
def top_folder(folder: Path) -> Iterator[int]:
    """A descriptor of a folder that somebody named, who may name a link too. Errors: OSError."""
    descriptor = os.open(folder, _TOP)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def step(above: int, name: str) -> Iterator[int]:
    """A descriptor of a folder in the folder `above`. Errors: OSError, also where it is a link."""
    descriptor = os.open(name, _STEP, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(top: int, names: Sequence[str]) -> int:
    """Open for reading what lies at `names` below the folder `top`; the caller closes it. Errors: OSError."""
    if len(names) == 1:
        return os.open(names[0], _FILE, dir_fd=top)
    with step(top, names[0]) as below:
        return open_file(below, names[1:])
