"""Removing old backups, and the objects that no backup needs any more."""

import heapq
from collections.abc import Iterator

from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.making import read_listing
from davdrive.upkeep.backup.manifest import Manifest, key_of, manifests, numbers


def keep_newest(store: ObjectStore, keep: int) -> tuple[int, int]:
    """Remove all backups but the newest `keep`, then every object that those do not need; (backups, objects) removed.

    Nothing else may be kept in that store: what no backup names is removed. Do not run it beside a backup.
    """
    every = numbers(store)
    old = every[: max(0, len(every) - keep)]
    for number in old:
        store.delete(key_of(number))
    return len(old), _remove_unneeded(store) if old else 0


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
    own = sorted(_own_keys(kept))
    with ContentStore(store) as files:
        listings = [(key for key, _ in read_listing(files, each.listing)) for each in kept]
        yield from heapq.merge(own, *listings)


def _own_keys(kept: list[Manifest]) -> Iterator[str]:
    for manifest in kept:
        yield key_of(manifest.number)
        for part in (manifest.metadata, manifest.listing):
            yield from (key for key, _, _ in part.segments)
