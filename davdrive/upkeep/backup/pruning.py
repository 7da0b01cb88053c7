"""Removing old backups, and the objects that no backup needs any more."""

import heapq
from collections.abc import Iterator

from davdrive.deadline import unlimited
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.listing import read_listing
from davdrive.upkeep.backup.manifest import MARKER, Manifest, key_of, manifests, numbers, read_manifest


def keep_newest(store: ObjectStore, keep: int) -> tuple[int, int]:
    """Remove all backups but the newest `keep`, then every object that those do not need; (backups, objects) removed.

    Nothing else may be kept in that store: what no backup names is removed. Do not run it beside a backup.
    Errors: Damaged when one of those that stay cannot be read; then nothing is removed.
    """
    every = numbers(store)
    old = every[: max(0, len(every) - keep)]
    if not old:
        return 0, 0
    for number in every[len(old) :]:
        verify_lists(store, read_manifest(store, number))
    for number in old:
        store.delete(key_of(number))
    return len(old), _remove_unneeded(store)


def verify_lists(store: ObjectStore, manifest: Manifest) -> None:
    """Read the metadata and the list of objects of a backup. Errors: Damaged."""
    with ContentStore(store) as files:
        for part in (manifest.metadata, manifest.listing):
            files.verify(part.refs(), part.size, bytes.fromhex(part.sha256), unlimited())


def _remove_unneeded(store: ObjectStore) -> int:
    removed, needed = 0, _needed(store)
    wanted = next(needed, None)
    for info in store.list():
        while wanted is not None and wanted < info.key:
            wanted = next(needed, None)
        if wanted != info.key:
            store.delete(info.key)
            removed += 1
    return removed


def _needed(store: ObjectStore) -> Iterator[str]:
    """The keys that the backups in the store need, in order."""
    kept = list(manifests(store))
    own = sorted([MARKER, *_own_keys(kept)])
    with ContentStore(store) as files:
        listings = [(key for key, _ in read_listing(files, each.listing)) for each in kept]
        yield from heapq.merge(own, *listings)


def _own_keys(kept: list[Manifest]) -> Iterator[str]:
    for manifest in kept:
        yield key_of(manifest.number)
        for part in (manifest.metadata, manifest.listing):
            yield from (key for key, _, _ in part.segments)
