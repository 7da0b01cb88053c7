"""Copying objects from one store to another: those that are not there yet, several at once, sizes compared."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from davdrive.deadline import Deadline
from davdrive.errors import Damaged
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


def _raise(key: str, error: Damaged) -> None:
    raise error


def copy_objects(
    needed: Iterable[Needed],
    source: ObjectStore,
    target: ObjectStore,
    done: Callable[[int], None],
    damaged: Callable[[str, Damaged], None] = _raise,
) -> int:
    """Copy objects under their own keys; how many. `done` hears of the bytes of each, `damaged` of each that is missing
    or short in the source; unless it raises, the others go on. When anything is raised, or the command is broken off,
    what is under way is given up. Errors: Damaged; Unavailable; StorageFull."""
    needed, copied, deadline = iter(needed), 0, Deadline()
    with ThreadPoolExecutor(COPIES, thread_name_prefix="copy") as pool:
        try:
            while page := list(islice(needed, PAGE)):
                for (key, _), size in zip(
                    page, pool.map(partial(_attempt, source, target, deadline), page), strict=True
                ):
                    if isinstance(size, Damaged):
                        damaged(key, size)
                        continue
                    done(size)
                    copied += 1
        except BaseException:
            deadline.cancel("the copying ended")
            raise
    return copied


def _attempt(source: ObjectStore, target: ObjectStore, deadline: Deadline, needed: Needed) -> int | Damaged:
    try:
        return _copy(needed, source, target, deadline)
    except Damaged as error:
        return error


def _copy(needed: Needed, source: ObjectStore, target: ObjectStore, deadline: Deadline) -> int:
    key, size = needed
    deadline.check()
    writer = target.create(key, size, deadline)
    try:
        for block in source.read(key, 0, size, deadline):
            writer.write(block)
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    return size
