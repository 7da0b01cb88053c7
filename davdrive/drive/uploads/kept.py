"""What becomes of durable bytes when the transaction that was to name them fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from davdrive.drive.backend import Backend
from davdrive.errors import Unavailable
from davdrive.objects.content import StoredContent


@contextmanager
def kept_or_discarded(backend: Backend, *stored: StoredContent) -> Iterator[None]:
    """Delete the objects when the block fails. Not when the metadata went away, because then nobody knows whether the
    commit took place, and a row must never name what is gone (P6): the sweep removes what nothing names."""
    try:
        yield
    except Unavailable:
        raise
    except BaseException:
        for each in stored:
            backend.contents.discard(each)
        raise
