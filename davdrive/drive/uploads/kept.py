"""What becomes of durable bytes when the transaction that was to name them fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from davdrive.drive.backend import Backend
from davdrive.errors import DriveError, Unavailable
from davdrive.objects.content import StoredContent


@contextmanager
def kept_or_discarded(backend: Backend, *stored: StoredContent) -> Iterator[None]:
    """Delete the objects when the block is refused. Not when the metadata went away, and not after an error that nobody
    foresaw: then nobody knows whether the commit took place, and a row must never name what is gone (P6). The sweep
    removes what nothing names."""
    try:
        yield
    except Unavailable:
        raise
    except DriveError:
        for each in stored:
            backend.contents.discard(each)
        raise
