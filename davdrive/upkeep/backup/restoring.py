"""`davdrive restore`: a backup into an empty store, of whatever kind, verified to the last byte."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.errors import AlreadyExists, BadRequest, Damaged, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.dumping import TableRows, dump, is_empty, load
from davdrive.metadata.migrate import newest_revision
from davdrive.metadata.session import Session
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.listing import read_listing
from davdrive.upkeep.backup.making import WAIT_S, Progress
from davdrive.upkeep.backup.manifest import Manifest, read_manifest
from davdrive.upkeep.backup.objects import copy_objects, missing
from davdrive.upkeep.backup.place import require_elsewhere
from davdrive.upkeep.backup.pruning import verify_lists
from davdrive.upkeep.backup.unpacking import count_again, load_rows, passing_database
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.checking.findings import Finding
from davdrive.upkeep.pairing import require_unclaimed
from davdrive.upkeep.rounds import LOCK


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup, its rows, the objects that were copied, and what is wrong with it now."""

    manifest: Manifest
    rows: int
    copied: int
    findings: tuple[Finding, ...]


def restore(backend: Backend, store: ObjectStore, progress: Progress, number: int | None = None) -> Restored:
    """Restore a backup, the newest without a number, into a backend without drives and users.

    The objects come first, so that no row ever names bytes that are not there; then all rows in one transaction. When
    it is interrupted, the same call goes on. Errors: NotFound, AlreadyExists, BadRequest, Damaged, Unavailable.
    """
    if not backend.database.read(is_empty):
        raise AlreadyExists("there are drives or users here already; restore into a new data directory or database")
    manifest = read_manifest(store, number)
    if manifest.schema > newest_revision():
        raise BadRequest(f"the backup was made by davdrive {manifest.version}, which is newer; restore it with that")
    # A server may run here already, with nothing in it: its upkeep must not sweep objects that have no rows yet.
    with alone(backend.database, LOCK, WAIT_S) as held, ContentStore(store) as files:
        if held is None:
            raise Unavailable("upkeep is at work on this store; try again when it is done")
        require_elsewhere(backend.contents.store, store)
        require_unclaimed(backend.database, backend.contents.store)
        progress("looking at the backup", 0)
        verify_lists(store, manifest)
        copied = _copy(backend, store, files, manifest, progress)
        progress("metadata", 0)
        held.check()
        rows = _load(backend, files, manifest)
    count_again(backend.database)
    progress("every byte", 0)
    options = CheckOptions(read_data=True, progress=progress)
    return Restored(manifest, rows, copied, tuple(check(backend, options)))


def _copy(
    backend: Backend, store: ObjectStore, files: ContentStore, manifest: Manifest, progress: Callable[[str, int], None]
) -> int:
    target = backend.contents.store
    needed = missing(read_listing(files, manifest.listing), target.list())

    def damaged(key: str, error: Damaged) -> None:
        """What is lost in the backup is lost; the rest is all the more welcome, and the check tells whose it is."""

    return copy_objects(needed, store, target, lambda size: progress("objects", size), damaged)


def _load(backend: Backend, files: ContentStore, manifest: Manifest) -> int:
    def work(session: Session, pages: Iterable[TableRows] | None = None) -> int:
        if not is_empty(session):
            raise AlreadyExists("somebody made a drive or a user here while the objects were copied")
        return load_rows(session, files, manifest.metadata) if pages is None else load(session, pages)

    if manifest.schema == newest_revision():
        return backend.database.write(work)
    with passing_database(files, manifest) as old, old.snapshot() as rows:
        return backend.database.write(lambda session: work(session, dump(rows)))


def verify_backup(store: ObjectStore, progress: Progress, number: int | None = None) -> tuple[Manifest, list[Finding]]:
    """Read every byte of a backup, the newest without a number; it, and what is wrong with it. Nothing is changed.

    Errors: NotFound, BadRequest, Damaged when its metadata cannot be read, Unavailable."""
    manifest = read_manifest(store, number)
    verify_lists(store, manifest)
    with ContentStore(store) as files, passing_database(files, manifest) as database:
        count_again(database)
        return manifest, list(check(Backend(database, files), CheckOptions(read_data=True, progress=progress)))
