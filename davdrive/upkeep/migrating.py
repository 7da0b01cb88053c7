"""`davdrive migrate-store`: from one database to another, from one object store to another.

The servers have to be stopped for the last run. Objects may be copied while they still serve: a second run copies only
what is new. The source is only read; but where its objects stay, they are no longer marked as its own alone: of the two
databases the one that a server starts on first has them, and the other one, which knows nothing of what is written
then, has lost them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from davdrive.drive.backend import Backend
from davdrive.errors import AlreadyExists, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.auditing import needed_objects, part_objects
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.doomed import known_objects
from davdrive.metadata.drives import visible_drives
from davdrive.metadata.dumping import changes_beside_drives, dump, is_empty, load
from davdrive.metadata.pairing import Pairing, set_pairing
from davdrive.metadata.parts import NO_OBJECT
from davdrive.metadata.session import Row, Session
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.objects.probe import is_probe
from davdrive.upkeep.backup.making import WAIT_S, Progress
from davdrive.upkeep.backup.objects import Needed, copy_objects, missing
from davdrive.upkeep.backup.place import require_elsewhere
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.checking.findings import Finding
from davdrive.upkeep.checking.reading import every
from davdrive.upkeep.mark import new_mark
from davdrive.upkeep.pairing import leave_mark
from davdrive.upkeep.rounds import LOCK
from davdrive.upkeep.sweep import PAGE_OBJECTS

State = tuple[list[tuple[int, int]], Row]


@dataclass(frozen=True, slots=True)
class Migrated:
    """Rows and objects that were copied, and what is wrong with them where they are now."""

    rows: int
    objects: int
    findings: tuple[Finding, ...] = ()


def migrate_store(
    source: Backend, database: Database | None, store: ObjectStore | None, progress: Progress
) -> Migrated:
    """Copy the objects into `store` and the metadata into `database`, each if it is given; then read every byte where
    it is now, unless only objects were copied.

    Errors: AlreadyExists when the database or the store is somebody's; Unavailable when the source was changed
    meanwhile; BadRequest for the store that is in use; Damaged.
    """
    if database is not None and not database.read(is_empty):
        raise AlreadyExists("the new database holds drives or users already; give an empty one")
    with alone(source.database, LOCK, WAIT_S) as held:
        if held is None:
            raise Unavailable("upkeep or a backup is at work on this store; try again when it is done")
        # From before the first object is looked for: what is written later may be missing among the objects.
        before = source.database.read(_state)
        objects = 0 if store is None else _copy_all(source, store, progress)
        progress("metadata", 0)
        stays = leave_mark(source.database, source.contents.store) if database is not None and store is None else ""
        rows = 0 if database is None else database.write(lambda s: _move(source.database, s, before, stays))
        held.check()
    return Migrated(rows, objects, () if database is None else _verify(source, database, store, progress))


def _copy_all(source: Backend, store: ObjectStore, progress: Progress) -> int:
    def done(size: int) -> None:
        progress("objects", size)

    require_elsewhere(source.contents.store, store)
    _require_ours(source, store)
    return sum(
        copy_objects(missing(_needed(source, page), store.list()), source.contents.store, store, done)
        for page in (needed_objects, part_objects)
    )


def _require_ours(source: Backend, store: ObjectStore) -> None:
    """A store that holds objects, of which none is known here, is another davdrive's: each would sweep the other's. So
    is one with a mark, be it empty."""
    if store.read_mark() is not None:
        raise AlreadyExists("at that place is the store of a davdrive; give an empty folder, bucket or prefix")
    some = [info.key for info in islice(store.list(), PAGE_OBJECTS) if not is_probe(store, info)]
    if some and not source.database.read(lambda session: known_objects(session, some)):
        raise AlreadyExists("at that place are objects of something else; give an empty folder, bucket or prefix")


def _needed(source: Backend, page: Callable[[Session, str], list[Needed]]) -> Iterator[Needed]:
    return (row for rows in every(source.database, page, "", lambda row: row[0]) for row in rows if row[0] != NO_OBJECT)


def _move(source: Database, target: Session, before: State, stays: str) -> int:
    """`stays`: the mark of the store, if that is the new database's too."""
    with source.snapshot() as session:
        rows = load(target, dump(session))
    if stays:
        set_pairing(target, Pairing(new_mark(), stays))
    if source.read(_state) != before:
        raise Unavailable("something was changed meanwhile; stop every server and run it again")
    return rows


def _state(session: Session) -> State:
    """Differs after every change of a drive, an upload or a user."""
    drives = [(drive.id, drive.revision) for drive in visible_drives(session, SYSTEM)]
    return drives, changes_beside_drives(session)


def _verify(source: Backend, database: Database, store: ObjectStore | None, progress: Progress) -> tuple[Finding, ...]:
    progress("every byte", 0)
    options = CheckOptions(read_data=True, progress=progress)
    with ContentStore(store or source.contents.store) as contents:
        return tuple(check(Backend(database, contents, source.limits), options))
