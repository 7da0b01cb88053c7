"""Importing a folder tree of this machine into a drive, with times, in parallel, as often as one likes.

A file that is there with the same size and time is left alone, so an import that was interrupted goes on, and one that
is repeated brings what changed. Nothing is ever removed from the drive.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path

from davdrive.drive.backend import Backend
from davdrive.drive.mkcol import make_collection
from davdrive.drive.names import DrivePath, check_path, name_key
from davdrive.drive.places import find_place, path_keys
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import Found, list_members
from davdrive.drive.read import stat as look
from davdrive.errors import AlreadyExists, BadName, Conflict, DriveError, NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.entries import touch
from davdrive.metadata.resources import Resource
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.upkeep.trees.events import Event, Outcome, TreeOptions, attempted
from davdrive.upkeep.trees.in_order import InOrder
from davdrive.upkeep.trees.steps import open_file, step, top_folder

BLOCK_BYTES = 256 << 10
"""Bytes read at a time."""


@dataclass(frozen=True, slots=True)
class _Import:
    backend: Backend
    caller: Caller
    work: InOrder[Event]
    top: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A folder or file that is read: its names below the one that was named, and the path by which people know it."""

    names: tuple[str, ...]
    shown: str

    def member(self, name: str) -> "_Source":
        return _Source((*self.names, name), os.path.join(self.shown, name))


def import_tree(
    backend: Backend, caller: Caller, source: Path, target: DrivePath, options: TreeOptions | None = None
) -> Iterator[Event]:
    """Put everything below the folder `source` into the collection `target`, which is made if it is missing.

    Yields an event for each file. Errors: NotFound for the drive; OSError when `source` cannot be read. Whatever goes
    wrong with one file is an event, and the others go on.
    """
    options = options or TreeOptions()
    with top_folder(source) as top, InOrder[Event](options.workers, options.deadline) as work:
        task = _Import(backend, caller, work, top)
        for depth in range(len(target.names) + 1):
            _ensure(task, DrivePath(target.drive, target.names[:depth]))
        yield from _folder(task, top, _Source((), str(source)), target)
        yield from work.rest()


def _ensure(task: _Import, path: DrivePath) -> Found:
    """The collection at a path, made if it is missing. Errors: AlreadyExists when it is a file."""
    try:
        found = look(task.backend, task.caller, path)
    except NotFound:
        if path.is_root:
            raise
        with suppress(AlreadyExists):  # another import may have come first
            make_collection(task.backend, task.caller, path)
        found = look(task.backend, task.caller, path)
    if not found.resource.is_collection:
        raise AlreadyExists(f"{path} is a file in the drive and a folder here")
    return found


def _folder(task: _Import, here: int, source: _Source, target: DrivePath) -> Iterator[Event]:
    """`here`: the folder, open."""
    found = _ensure(task, target)
    folded = bool(found.drive.case_insensitive)
    members = _members(task.backend, found)
    taken: dict[str, str] = {}
    for name in sorted(os.listdir(here)):
        key = name_key(name, folded)
        if taken.setdefault(key, name) != name:
            yield Event(source.member(name).shown, Outcome.FAILED, reason=f"{taken[key]!r} is the same name in a drive")
        else:
            yield from _entry(task, here, source.member(name), target, members.get(key))
    modified_ms = os.fstat(here).st_mtime_ns // 1_000_000
    yield from task.work.after(partial(_set_time, task, target, found.resource, source.shown, modified_ms))


def _members(backend: Backend, found: Found) -> dict[str, Resource]:
    """What the collection holds, by name key: one folder's worth of memory."""
    folded = bool(found.drive.case_insensitive)
    pages = list_members(backend, found.drive, found.resource)
    return {name_key(member.name, folded): member for page in pages for member in page}


def _entry(
    task: _Import, here: int, source: _Source, target: DrivePath, there: Resource | None
) -> Iterator[Event]:
    name, shown = source.names[-1], source.shown
    try:
        about = os.stat(name, dir_fd=here, follow_symlinks=False)
        path = _path(target, name)
        if stat.S_ISDIR(about.st_mode):
            with step(here, name) as below:
                yield from _folder(task, below, source, path)
        elif stat.S_ISREG(about.st_mode):
            yield from task.work.submit(partial(attempted, shown, partial(_file, task, source, path, there)))
        else:
            kind = "a symbolic link" if stat.S_ISLNK(about.st_mode) else "no regular file"
            yield Event(shown, Outcome.SKIPPED, reason=kind)
    except DriveError as error:
        yield Event(shown, Outcome.FAILED, reason=str(error))
    except OSError as error:
        yield Event(shown, Outcome.FAILED, reason=error.strerror or type(error).__name__)


def _path(target: DrivePath, name: str) -> DrivePath:
    """Errors: BadName."""
    if not name.isprintable() and any("\udc80" <= each <= "\udcff" for each in name):
        raise BadName("its name is no UTF-8, as names in a drive are")
    return check_path(target.drive, (*target.names, name))


def _file(task: _Import, source: _Source, path: DrivePath, there: Resource | None) -> Event:
    descriptor = open_file(task.top, source.names)
    with open(descriptor, "rb", buffering=0) as file:
        about = os.fstat(descriptor)
        modified_ms = about.st_mtime_ns // 1_000_000
        if there is not None and (there.size, there.modified_ms) == (about.st_size, modified_ms):
            return Event(source.shown, Outcome.UNCHANGED, about.st_size)
        options = PutOptions(declared_size=about.st_size, modified_ms=modified_ms)
        put(task.backend, task.caller, path, _blocks(file, about), options, deadline=task.work.deadline)
    return Event(source.shown, Outcome.STORED, about.st_size)


def _blocks(file: FileIO, about: os.stat_result) -> Iterator[bytes]:
    """The bytes of a file. Half of an old state and half of a new one helps nobody, so one that changes is refused.
    Errors: Conflict."""
    left = about.st_size
    while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
        left -= len(block)
        yield block
    now = os.fstat(file.fileno())
    if left or (now.st_size, now.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
        raise Conflict("it changed while it was read; run the import again when nobody writes to it")


def _set_time(task: _Import, path: DrivePath, before: Resource, shown: str, modified_ms: int) -> Event:
    """Give a collection the folder's time, when everything in it is done."""
    return attempted(shown, partial(_touch, task, path, before, shown, modified_ms))


def _touch(task: _Import, path: DrivePath, before: Resource, shown: str, modified_ms: int) -> Event:
    now = look(task.backend, task.caller, path).resource
    if now.modified_ms == modified_ms:
        return Event(shown, Outcome.UNCHANGED)

    def work(transaction: Transaction) -> None:
        place = find_place(transaction, transaction.drive, path)
        touch(transaction, place.drive, place.existing().node, modified_ms)

    transact(task.backend.database, Change("import", task.caller, path_keys(path).drive, path=str(path)), work)
    return Event(shown, Outcome.STORED if before.modified_ms != modified_ms else Outcome.UNCHANGED)
