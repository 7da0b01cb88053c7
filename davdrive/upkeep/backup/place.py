"""Where backups are kept: an object store that holds nothing else, and the backups of one davdrive alone.

A marker under a key of its own says whose they are. So a backup never goes into the store that it is of, into somebody
else's objects, or among the backups of another davdrive, of which `--keep` would then remove the oldest.
"""

import json
import secrets

from davdrive.deadline import unlimited
from davdrive.errors import BadRequest, Damaged
from davdrive.metadata.database import Database
from davdrive.metadata.users import secret
from davdrive.objects.base import ObjectStore
from davdrive.objects.keys import new_key
from davdrive.objects.probe import PROBE, is_probe
from davdrive.upkeep.backup.manifest import FORMAT, MARKER, keep_small, numbers

_NAME = "identity of the store"


def identity(database: Database) -> str:
    """What tells this davdrive from every other one; it goes with a backup, and stays after restoring one."""

    fresh = secrets.token_hex(16).encode()
    return database.write(lambda session: secret(session, _NAME, fresh)).decode()


def require_elsewhere(own: ObjectStore, place: ObjectStore) -> None:
    """Errors: BadRequest when both are the same store, by whatever names they are called."""
    key = new_key()
    keep_small(place, key, PROBE)
    try:
        same = any(info.key == key for info in own.list(key))
    finally:
        place.delete(key)
    if same:
        raise BadRequest("that is the drive's own store; choose another place")


def claim(store: ObjectStore, whose: str) -> None:
    """Make a place ours if nothing is there yet. Errors: BadRequest when something else is, Damaged."""
    marker = next(iter(store.list(MARKER)), None)
    if marker is not None:
        text = b"".join(store.read(MARKER, 0, marker.size, unlimited()))
        try:
            kept = json.loads(text)["store"]
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged("what says whose backups are at that place cannot be read") from error
        if kept != whose:
            raise BadRequest("the backups at that place are of another davdrive; choose a place of its own")
        return
    if store.read_mark() is not None:
        raise BadRequest("that is the store of a drive, be it empty; choose a place of its own")
    if not numbers(store) and not all(is_probe(store, found) for found in store.list()):
        raise BadRequest("at that place are stored objects that are no backup; choose one where nothing is")
    keep_small(store, MARKER, json.dumps({"format": FORMAT, "store": whose}).encode())
