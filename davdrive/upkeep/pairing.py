"""Which database and which object store belong together, so that a wrong one is noticed before it does harm.

The store has a mark, and its database knows it. Both are drawn once, by the first start that finds a store without a
mark in which nothing speaks against it, and the database has it first: so nodes that start at once agree, and what was
broken off in between is done again. A store that is marked otherwise is never swept, nothing in it is deleted, and no
server starts on it, until somebody says that the two belong together.

A copy of the database's own file (or a dump of PostgreSQL's) has the mark too, and is taken for the same database. What
`restore` and `migrate-store` make is another one.
"""

import enum
from dataclasses import dataclass
from itertools import islice

from davdrive.errors import BadRequest, Strangers, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.database import Database
from davdrive.metadata.doomed import known_objects
from davdrive.metadata.pairing import Pairing, names_objects, pairing, set_pairing
from davdrive.objects.base import ObjectStore
from davdrive.objects.probe import is_probe
from davdrive.upkeep.backup.manifest import MARKER
from davdrive.upkeep.mark import GARBLED, as_text, new_mark, read_mark
from davdrive.upkeep.sweep import FEW_OBJECTS, PAGE_OBJECTS

LOCK = "pairing"
WAIT_S = 60.0
"""How long a node waits for another that marks the store."""

ADOPT = "if the two belong together from now on, run davdrive adopt-store"
FOREIGN = f"the object store has a mark that is not this database's; correct metadata.url or objects.url; {ADOPT}"
UNREADABLE = f"the mark of the object store cannot be read; try again in a while; {ADOPT}"
BACKUPS = "the object store holds backups; correct objects.url"
OTHERS = f"the object store holds objects of another database; correct metadata.url or objects.url; {ADOPT}"
LACKS = f"the object store has none of the objects that this database needs; correct objects.url; {ADOPT}"
_BUSY = "another process has been marking the object store for too long"


class Standing(enum.Enum):
    """What the two say of each other. `MOVED`: the store has the mark of before the metadata moved. `UNREADABLE`: what
    came is no mark, as from a store or a proxy that has trouble; it proves nothing."""

    TOGETHER = enum.auto()
    MOVED = enum.auto()
    UNMARKED = enum.auto()
    STRANGERS = enum.auto()
    UNREADABLE = enum.auto()


@dataclass(frozen=True, slots=True)
class Found:
    """How they stand, and what the database knows."""

    standing: Standing
    own: Pairing | None

    @property
    def settled(self) -> bool:
        """Whether both know it."""
        return self.standing is Standing.TOGETHER and self.own is not None and bool(self.own.seen)


def look(database: Database, store: ObjectStore) -> Found:
    """How they stand. Nothing is changed. Errors: Unavailable."""
    mark = read_mark(store)
    # Only then: a node that has just marked it told the database before.
    own = database.read(pairing)
    return Found(_standing(mark, own), own)


def _standing(mark: str | None, own: Pairing | None) -> Standing:
    if mark is None:
        return Standing.UNMARKED
    if mark == GARBLED:
        return Standing.UNREADABLE
    if own is not None and mark == own.id:
        return Standing.TOGETHER
    return Standing.MOVED if own is not None and mark == own.earlier else Standing.STRANGERS


def objection(database: Database, store: ObjectStore) -> str:
    """What speaks against their belonging together, in a sentence; empty where nothing does. Nothing is changed.

    Errors: Unavailable."""
    return _objection(look(database, store).standing, database, store)


def require_pair(database: Database, store: ObjectStore) -> None:
    """Errors: Strangers, where something speaks against it. Nothing is changed."""
    against = objection(database, store)
    if against:
        raise Strangers(against)


def require_unclaimed(database: Database, store: ObjectStore) -> None:
    """For who fills an empty database: what lies in the store may be there, but not under another mark.

    Errors: Strangers, Unavailable."""
    standing = look(database, store).standing
    if standing in _SAID:
        raise Strangers(_SAID[standing])


def settle(database: Database, store: ObjectStore) -> None:
    """See that they belong together, and mark a store that has no mark. Errors: Strangers; Unavailable, StorageFull."""
    if look(database, store).settled:
        return
    with alone(database, LOCK, WAIT_S) as held:
        if held is None:
            raise Unavailable(_BUSY)
        found = look(database, store)
        if found.standing is Standing.UNREADABLE:
            raise Unavailable(UNREADABLE)
        against = _objection(found.standing, database, store)
        if against:
            raise Strangers(against)
        if found.standing is Standing.UNMARKED or found.own is None:
            _draw(database, store)
        elif not found.settled:
            _make(database, store, found.own.id)


def leave_mark(database: Database, store: ObjectStore) -> str:
    """The store's mark, which is this database's no longer, but the one before: the first database to start takes the
    store, be it this one or one that is told the same. Empty where the store is not its own, or has no mark.

    Errors: Unavailable."""
    found = look(database, store)
    if found.standing is Standing.UNREADABLE:
        raise Unavailable(UNREADABLE)
    if found.own is None or found.standing not in (Standing.TOGETHER, Standing.MOVED):
        return ""
    mark = found.own.id if found.standing is Standing.TOGETHER else found.own.earlier
    database.write(lambda session: set_pairing(session, Pairing(new_mark(), mark)))
    return mark


def adopt(database: Database, store: ObjectStore) -> None:
    """Let them belong together, whatever either says. Errors: BadRequest for a place of backups, of which upkeep would
    remove the most; Unavailable, StorageFull."""
    if _holds_backups(store):
        raise BadRequest(BACKUPS)
    with alone(database, LOCK, WAIT_S) as held:
        if held is None:
            raise Unavailable(_BUSY)
        _draw(database, store)


def _draw(database: Database, store: ObjectStore) -> None:
    """A mark that neither ever had: a store or a database that was left behind does not come back unnoticed."""
    fresh = new_mark()
    database.write(lambda session: set_pairing(session, Pairing(fresh)))
    _make(database, store, fresh)


def _make(database: Database, store: ObjectStore, mark: str) -> None:
    """Let the store have the mark that the database has."""
    store.write_mark(as_text(mark))
    came_back = read_mark(store)
    if came_back == GARBLED:
        raise Unavailable(UNREADABLE)
    if came_back != mark:
        raise Strangers(FOREIGN)  # another database marked it at the same moment
    database.write(lambda session: set_pairing(session, Pairing(mark, seen=1)))


_SAID = {Standing.STRANGERS: FOREIGN, Standing.UNREADABLE: UNREADABLE}


def _objection(standing: Standing, database: Database, store: ObjectStore) -> str:
    if standing in _SAID:
        return _SAID[standing]
    return _unlike(database, store) if standing is Standing.UNMARKED else ""


def _holds_backups(store: ObjectStore) -> bool:
    return next(iter(store.list(MARKER)), None) is not None


def _unlike(database: Database, store: ObjectStore) -> str:
    """What speaks against an unmarked store: keys are random, so a page of them tells whose the rest are."""
    if _holds_backups(store):
        return BACKUPS
    some = [info.key for info in islice(store.list(), PAGE_OBJECTS) if not is_probe(store, info)]
    known = database.read(lambda session: known_objects(session, some)) if some else set()
    if known:
        return ""
    if database.read(names_objects):
        return LACKS
    return OTHERS if len(some) > FEW_OBJECTS else ""
