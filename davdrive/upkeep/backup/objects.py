"""Copying objects from one store to another: those that are not there yet, several at once, sizes compared."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from davdrive.deadline import unlimited
from davdrive.objects.base import ObjectInfo, ObjectStore

COPIES = 8
"""Objects under way at the same time."""

PAGE = 64
"""Objects handed to the pool at a time."""

Needed = tuple[str, int]
"""An object's key and the bytes that rows need of it."""


def missing(needed: Iterable[Needed], there: Iterator[ObjectInfo]) -> Iterator[Needed]:
    """Those of `needed` that a store does not list, or lists as too short; both in the order of keys."""
    current = next(there, None)
    for key, size in needed:
        while current is not None and current.key < key:
            current = next(there, None)
        if current is None or current.key != key or current.size < size:
            yield key, size


def copy_objects(
    needed: Iterable[Needed], source: ObjectStore, target: ObjectStore, done: Callable[[int], None]
) -> int:
    """Copy objects under their own keys; how many. `done` hears of the bytes of each. Errors: Damaged when one is
    missing or short in the source; Unavailable; StorageFull."""
    needed, copied = iter(needed), 0
    with ThreadPoolExecutor(COPIES, thread_name_prefix="copy") as pool:
        while page := list(islice(needed, PAGE)):
            for size in pool.map(lambda each: _copy(each, source, target), page):
                done(size)
            copied += len(page)
    return copied


def _copy(needed: Needed, source: ObjectStore, target: ObjectStore) -> int:
    key, size = needed
    writer = target.create(key, size, unlimited())
    try:
        for block in source.read(key, 0, size, unlimited()):
            writer.write(block)
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    return size
