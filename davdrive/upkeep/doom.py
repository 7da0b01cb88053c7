"""Deleting doomed objects, when the longest download that may need them is over."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from davdrive.drive.backend import Backend
from davdrive.metadata.doomed import due_objects, forget_doomed, named_objects
from davdrive.upkeep.options import Going, Tally, UpkeepOptions, always

LOG = logging.getLogger("davdrive.upkeep")


def delete_doomed(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going = always) -> None:
    """Delete every doomed object whose time has come. Errors: Unavailable; what was deleted before it stays deleted,
    and the rest is tried in the next round."""
    with ThreadPoolExecutor(options.deletions, thread_name_prefix="doom") as pool:
        while going():
            due = backend.database.read(lambda session: due_objects(session, options.batch))
            if not due:
                return
            tally.add("objects deleted", _delete(backend, pool, due))


def _delete(backend: Backend, pool: ThreadPoolExecutor, due: Sequence[str]) -> int:
    named = backend.database.read(lambda session: named_objects(session, due))
    if named:
        # Nothing names an object again; should it ever happen, its bytes matter more than the room they take.
        LOG.warning("%d doomed objects have a name again and stay", len(named))
    doomed = [key for key in due if key not in named]
    # The objects first: a crash in between deletes what is not there, which does no harm.
    for _ in pool.map(backend.contents.store.delete, doomed):
        pass
    backend.database.write(lambda session: forget_doomed(session, due))
    return len(doomed)
