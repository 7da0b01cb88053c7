"""`davdrive backup`: everything into another store, consistent while writing goes on.

The metadata is read in one snapshot. Objects are immutable, and whoever would delete one waits: a backup holds the
lock of upkeep. (Should that lock be lost, an object outlives its last name by at least the longest download, and the
backup ends with an error instead of a manifest.) So what the snapshot names is there to be copied, however long it
takes, and the second backup into the same store copies only what is new.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from davdrive import __version__
from davdrive.deadline import unlimited
from davdrive.drive.backend import Backend
from davdrive.errors import Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.auditing import needed_objects
from davdrive.metadata.dumping import OF_THE_MOMENT, dump
from davdrive.metadata.migrate import newest_revision
from davdrive.metadata.session import Session
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.dump_file import compressed, packed
from davdrive.upkeep.backup.listing import read_listing
from davdrive.upkeep.backup.manifest import Manifest, Stored, numbers, write_manifest
from davdrive.upkeep.backup.objects import copy_objects, missing
from davdrive.upkeep.backup.place import claim, identity, require_elsewhere
from davdrive.upkeep.backup.pruning import keep_newest
from davdrive.upkeep.rounds import LOCK

WAIT_S = 300.0
"""How long a backup waits for a round of upkeep that is under way."""

Progress = Callable[[str, int], None]
"""Hears of a stage, and of bytes copied in it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup and what it took: objects and bytes that were not in the store yet; and what was removed afterwards:
    older backups, and objects that only they needed."""

    manifest: Manifest
    copied: int
    copied_bytes: int
    removed_backups: int = 0
    removed_objects: int = 0


@dataclass(slots=True)
class _Sum:
    objects: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.objects += 1
        self.bytes += size


def back_up(
    backend: Backend,
    store: ObjectStore,
    progress: Progress,
    clock: Callable[[], float] = time.time,
    keep: int | None = None,
) -> Made:
    """Make a backup in `store`, and afterwards remove all but the newest `keep`.

    Errors: Unavailable while upkeep or another backup is at work, or a store is away; BadRequest for a place that holds
    something else; Damaged when stored bytes are missing; StorageFull."""
    with alone(backend.database, LOCK, WAIT_S) as held, ContentStore(store, inline_bytes=0) as files:
        if held is None:
            raise Unavailable("upkeep or another backup is at work on this store; try again when it is done")
        require_elsewhere(backend.contents.store, store)
        claim(store, identity(backend.database))
        made_ms, needs = int(clock() * 1000), _Sum()
        progress("metadata", 0)
        with backend.database.snapshot() as session:
            metadata = files.write(packed(dump(session, OF_THE_MOMENT)), unlimited())
            listing = files.write(compressed(_listing(session, needs)), unlimited())
        copied = _Sum()
        _copy_missing(backend, store, files, Stored.of(listing), copied, progress)
        held.check()
        number = max(numbers(store), default=0) + 1
        manifest = Manifest(
            number=number,
            made_ms=made_ms,
            version=__version__,
            schema=newest_revision(),
            objects=needs.objects,
            bytes=needs.bytes,
            metadata=Stored.of(metadata),
            listing=Stored.of(listing),
        )
        write_manifest(store, manifest)
        # Still alone: another backup must not count on objects that go now.
        removed = (0, 0) if keep is None else keep_newest(store, keep)
    return Made(manifest, copied.objects, copied.bytes, *removed)


def _listing(session: Session, needs: _Sum) -> Iterator[bytes]:
    """Keys and sizes of the objects that the snapshot names, in the order of keys."""
    after = ""
    while rows := needed_objects(session, after):
        for key, size in rows:
            needs.add(size)
            yield json.dumps([key, size]).encode() + b"\n"
        after = rows[-1][0]


def _copy_missing(
    backend: Backend, store: ObjectStore, files: ContentStore, listing: Stored, copied: _Sum, progress: Progress
) -> None:
    def done(size: int) -> None:
        copied.add(size)
        progress("objects", size)

    copy_objects(missing(read_listing(files, listing), store.list()), backend.contents.store, store, done)
