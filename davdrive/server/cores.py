"""Each serving process on a core of its own.

The threads of one Python process cannot compute at the same time, but spread over cores they wake each other across
them at every system call: a small GET that costs 140 µs on one core costs 280 µs on two. Files and TLS records still
move in the kernel, and further cores serve further workers.
"""

import contextlib
import os


def stay_on_core(number: int) -> None:
    """Bind this process to the `number`-th of the cores that it may use, counted around. Nothing where that is not
    possible."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {cores[number % len(cores)]})
