"""`davdrive backup`: everything into another store, consistent while writing goes on.

The metadata is read in one snapshot. Objects are immutable, and whoever would delete one waits: a backup holds the
lock of upkeep. (Should that lock be lost, an object outlives its last name by at least the longest download, and the
backup ends with an error instead of a manifest.) So what the snapshot names is there to be copied, however long it
takes, and the second backup into the same store copies only what is new.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from davdrive import __version__
from davdrive.deadline import unlimited
from davdrive.drive.backend import Backend
from davdrive.errors import Damaged, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.auditing import needed_objects, uses_of_object
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
from davdrive.upkeep.checking.users import users_of
from davdrive.upkeep.rounds import LOCK

WAIT_S = 300.0
"""How long a backup waits for a round of upkeep that is under way."""

MOST_LOST = 1000
"""Damaged files that a backup tells of; `davdrive check` tells of all."""

Progress = Callable[[str, int], None]
"""Hears of a stage, and of bytes copied in it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup and what it took: objects and bytes that were not in the store yet; and what was removed afterwards:
    older backups, and objects that only they needed; and the files of which bytes are missing, at most `MOST_LOST`."""

    manifest: Manifest
    copied: int
    copied_bytes: int
    removed_backups: int = 0
    removed_objects: int = 0
    lost: tuple[str, ...] = ()


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
    despite_damage: bool = False,
) -> Made:
    """Make a backup in `store`, and afterwards remove all but the newest `keep`. `despite_damage`: if stored bytes are
    missing, back up the others, and then remove nothing: an older backup may have them.

    Errors: Unavailable while upkeep or another backup is at work, or a store is away; BadRequest for a place that holds
    something else; Damaged when stored bytes are missing; StorageFull."""
    with alone(backend.database, LOCK, WAIT_S) as held, ContentStore(store, inline_bytes=0) as files:
        if held is None:
            raise Unavailable("upkeep or another backup is at work on this store; try again when it is done")
        require_elsewhere(backend.contents.store, store)
        whose, made_ms, needs = identity(backend.database), int(clock() * 1000), _Sum()
        claim(store, whose)
        progress("metadata", 0)
        with backend.database.snapshot() as session:
            metadata = files.write(packed(dump(session, OF_THE_MOMENT)), unlimited())
            listing = files.write(compressed(_listing(session, needs)), unlimited())
        copied, lost = _Sum(), _Lost(backend, despite_damage)
        _copy_missing(backend, store, files, Stored.of(listing), copied, lost, progress)
        held.check()
        claim(store, whose)  # of two davdrives that came at the same moment one has it
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
        removed = (0, 0) if keep is None or lost.files else keep_newest(store, keep)
    return Made(manifest, copied.objects, copied.bytes, *removed, tuple(lost.files))


@dataclass(slots=True)
class _Lost:
    """Which files lack bytes."""

    backend: Backend
    goes_on: bool
    files: list[str] = field(default_factory=list)

    def tell(self, key: str, error: Damaged) -> None:
        whose = users_of(self.backend, uses_of_object, key) or "something that was purged meanwhile"
        if not self.goes_on:
            raise Damaged(
                f"bytes are missing of {whose}, so no backup was made; --despite-damage makes one of the rest"
            )
        if len(self.files) < MOST_LOST:
            self.files.append(whose)


def _listing(session: Session, needs: _Sum) -> Iterator[bytes]:
    """Keys and sizes of the objects that the snapshot names, in the order of keys."""
    after = ""
    while rows := needed_objects(session, after):
        for key, size in rows:
            needs.add(size)
            yield json.dumps([key, size]).encode() + b"\n"
        after = rows[-1][0]


def _copy_missing(
    backend: Backend,
    store: ObjectStore,
    files: ContentStore,
    listing: Stored,
    copied: _Sum,
    lost: _Lost,
    progress: Progress,
) -> None:
    def done(size: int) -> None:
        copied.add(size)
        progress("objects", size)

    needed = missing(read_listing(files, listing), store.list())
    copy_objects(needed, backend.contents.store, store, done, lost.tell)
