"""One heap for all threads of a process.

glibc gives every thread that allocates a heap of its own, and what one thread frees there the next cannot use: ten
megabytes of each worker. The threads of a Python process allocate in turns anyway.
"""

import ctypes

_M_ARENA_MAX = -8  # malloc.h


def share_one_heap() -> None:
    """Call it before the first thread starts. Nothing where the C library is another."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
