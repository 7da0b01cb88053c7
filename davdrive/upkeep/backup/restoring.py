"""`davdrive restore`: a backup into an empty store, of whatever kind, verified to the last byte."""

from collections.abc import Callable
from dataclasses import dataclass

from davdrive.deadline import unlimited
from davdrive.drive.backend import Backend
from davdrive.errors import AlreadyExists, BadRequest
from davdrive.metadata.auditing import drive_sums
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.dumping import is_empty, load
from davdrive.metadata.mending import recount
from davdrive.metadata.migrate import newest_revision
from davdrive.metadata.session import Session
from davdrive.metadata.transaction import Change, transact
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.dump_file import unpacked
from davdrive.upkeep.backup.making import Progress, read_listing
from davdrive.upkeep.backup.manifest import Manifest, Stored, read_manifest
from davdrive.upkeep.backup.objects import copy_objects, missing
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.checking.findings import Finding


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
    if manifest.schema != newest_revision():
        raise BadRequest(f"the backup is of davdrive {manifest.version}; restore it with that version, then upgrade")
    with ContentStore(store) as files:
        progress("looking at the backup", 0)
        for part in (manifest.metadata, manifest.listing):
            files.verify(part.refs(), part.size, bytes.fromhex(part.sha256), unlimited())
        copied = _copy(backend, store, files, manifest, progress)
        progress("metadata", 0)
        rows = backend.database.write(lambda session: _load(session, files, manifest.metadata))
    count_again(backend)
    progress("every byte", 0)
    options = CheckOptions(read_data=True, progress=progress)
    return Restored(manifest, rows, copied, tuple(check(backend, options)))


def _copy(
    backend: Backend, store: ObjectStore, files: ContentStore, manifest: Manifest, progress: Callable[[str, int], None]
) -> int:
    target = backend.contents.store
    needed = missing(read_listing(files, manifest.listing), target.list())
    return copy_objects(needed, store, target, lambda size: progress("objects", size))


def _load(session: Session, files: ContentStore, dump: Stored) -> int:
    if not is_empty(session):
        raise AlreadyExists("somebody made a drive or a user here while the objects were copied")
    with files.read(dump.refs(), 0, dump.size, unlimited()) as blocks:
        return load(session, unpacked(blocks))


def count_again(backend: Backend) -> None:
    """Unfinished uploads are not in a backup; what they counted has to go."""
    for drive in backend.database.read(drive_sums):
        if drive.used_bytes != drive.stored_bytes:
            transact(backend.database, Change("restore", SYSTEM, drive.name_key), recount)
