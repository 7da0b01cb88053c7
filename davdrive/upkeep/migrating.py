"""`davdrive migrate-store`: from one database to another, from one object store to another.

The servers have to be stopped for the last run. Objects may be copied while they still serve: a second run copies only
what is new. The source is only read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.errors import AlreadyExists, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.auditing import needed_objects, part_objects
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import visible_drives
from davdrive.metadata.dumping import dump, is_empty, load
from davdrive.metadata.session import Session
from davdrive.objects.base import ObjectStore
from davdrive.upkeep.backup.making import WAIT_S, Progress
from davdrive.upkeep.backup.objects import Needed, copy_objects, missing
from davdrive.upkeep.checking.reading import every
from davdrive.upkeep.rounds import LOCK


@dataclass(frozen=True, slots=True)
class Migrated:
    """Rows and objects that were copied."""

    rows: int
    objects: int


def migrate_store(
    source: Backend, database: Database | None, store: ObjectStore | None, progress: Progress
) -> Migrated:
    """Copy the objects into `store` and the metadata into `database`, each if it is given.

    Errors: AlreadyExists when the database is not empty; Unavailable when the source was changed meanwhile; Damaged.
    """
    if database is not None and not database.read(is_empty):
        raise AlreadyExists("the new database holds drives or users already; give an empty one")
    with alone(source.database, LOCK, WAIT_S) as held:
        if held is None:
            raise Unavailable("upkeep or a backup is at work on this store; try again when it is done")
        objects = 0 if store is None else _copy_all(source, store, progress)
        progress("metadata", 0)
        rows = 0 if database is None else database.write(lambda session: _move(source.database, session))
        held.check()
    return Migrated(rows, objects)


def _copy_all(source: Backend, store: ObjectStore, progress: Progress) -> int:
    def done(size: int) -> None:
        progress("objects", size)

    return sum(
        copy_objects(missing(_needed(source, page), store.list()), source.contents.store, store, done)
        for page in (needed_objects, part_objects)
    )


def _needed(source: Backend, page: Callable[[Session, str], list[Needed]]) -> Iterator[Needed]:
    return (row for rows in every(source.database, page, "", lambda row: row[0]) for row in rows)


def _move(source: Database, target: Session) -> int:
    with source.snapshot() as session:
        before = _revisions(session)
        rows = load(target, dump(session))
    if source.read(_revisions) != before:
        raise Unavailable("the drives were changed meanwhile; stop every server and run it again")
    return rows


def _revisions(session: Session) -> list[tuple[int, int]]:
    return [(drive.id, drive.revision) for drive in visible_drives(session, SYSTEM)]
