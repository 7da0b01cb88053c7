"""Deleting doomed objects, when the longest download that may need them is over."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from davdrive.drive.backend import Backend
from davdrive.errors import DriveError
from davdrive.metadata.doomed import due_objects, forget_doomed, named_objects, postpone
from davdrive.upkeep.options import Going, Tally, UpkeepOptions, always

LOG = logging.getLogger("davdrive.upkeep")

DELETED = "objects deleted"
RETRY_S = 3600
"""When an object that could not be deleted is tried again: the others do not wait for it."""


def delete_doomed(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going = always) -> None:
    """Delete every doomed object whose time has come. One that cannot be deleted is tried again later.

    Errors: Unavailable; what was deleted before it stays deleted, and the rest is tried in the next round."""
    with ThreadPoolExecutor(options.deletions, thread_name_prefix="doom") as pool:
        while going():
            due = backend.database.read(lambda session: due_objects(session, options.batch))
            if not due:
                return
            _delete(backend, pool, due, tally)


def _delete(backend: Backend, pool: ThreadPoolExecutor, due: Sequence[str], tally: Tally) -> None:
    named = backend.database.read(lambda session: named_objects(session, due))
    if named:
        # Nothing names an object again; should it ever happen, its bytes matter more than the room they take.
        LOG.warning("%d doomed objects have a name again and stay", len(named))
    doomed = [key for key in due if key not in named]
    # The objects first: a crash in between deletes what is not there, which does no harm.
    errors = pool.map(lambda key: _attempt(backend, key), doomed)
    failed = {key: error for key, error in zip(doomed, errors, strict=True) if error is not None}
    if failed and len(failed) == len(doomed):
        raise next(iter(failed.values()))  # the store is away
    over = [key for key in due if key not in failed]
    backend.database.write(lambda session: forget_doomed(session, over))
    tally.add(DELETED, len(doomed) - len(failed))
    if failed:
        LOG.warning("%d objects cannot be deleted: %s", len(failed), next(iter(failed.values())))
        backend.database.write(lambda session: postpone(session, list(failed), RETRY_S * 1000))
        tally.add("objects that could not be deleted", len(failed))


def _attempt(backend: Backend, key: str) -> DriveError | None:
    try:
        backend.contents.store.delete(key)
    except DriveError as error:
        return error
    return None
