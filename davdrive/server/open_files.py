"""A server needs a descriptor a connection and some for files: raise the soft limit to what it may need."""

import resource

SPARE = 1024
"""Descriptors for files, databases and object stores, beside the connections."""


def raise_open_files(connections: int) -> int:
    """Raise the soft limit of open files as far as allowed and needed; returns the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
