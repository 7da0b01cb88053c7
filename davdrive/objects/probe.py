"""Trying a store from end to end: the part of `ObjectStore.check` that all stores share."""

from davdrive.deadline import Deadline
from davdrive.errors import Unavailable
from davdrive.objects.base import ObjectInfo, ObjectStore
from davdrive.objects.keys import new_key

PROBE_TIMEOUT_S = 30.0
"""A store that takes longer for a few bytes is of no use to a drive."""

PROBE = b"davdrive writes, reads and removes this to see that it can"


def probe(store: ObjectStore) -> None:
    """Write, read and delete a small object. Raises what the store raises, or Unavailable for other bytes."""
    deadline = Deadline(PROBE_TIMEOUT_S)
    writer = store.create(new_key(), len(PROBE), deadline)
    try:
        writer.write(PROBE)
        writer.finish()
        came_back = b"".join(store.read(writer.key, 0, len(PROBE), deadline))
    except BaseException:
        writer.abort()
        raise
    store.delete(writer.key)
    if came_back != PROBE:
        raise Unavailable("the object store gave back other bytes than were written; do not use it")


def is_probe(store: ObjectStore, found: ObjectInfo) -> bool:
    """Whether an object is a probe that a killed process left behind."""
    if found.size != len(PROBE):
        return False
    return b"".join(store.read(found.key, 0, found.size, Deadline(PROBE_TIMEOUT_S))) == PROBE
