"""Exporting a collection of a drive into a folder of this machine, with times, in parallel, verified byte for byte.

Everything comes from one revision of the drive, whatever happens to it meanwhile. A file that is there with the same
size and time is left alone, so an export that was interrupted goes on; what it told of a file is true after a power
cut. Nothing is ever removed from the folder. Several exports into one folder at a time bring each file once.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from stat import S_ISDIR

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath, check_name
from davdrive.drive.read import list_members, read_bytes, stat
from davdrive.errors import Conflict, Damaged, NotAllowedHere, NotFound
from davdrive.folders import make_durable_folder, sync, sync_folder
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import find_content
from davdrive.metadata.drives import Drive
from davdrive.metadata.resources import Resource
from davdrive.objects.digests import Digester
from davdrive.upkeep.trees.events import Event, Outcome, TreeOptions, attempted
from davdrive.upkeep.trees.in_order import InOrder
from davdrive.upkeep.trees.partial import taking_place_of

WAIT_S = 300.0
"""How long an export waits for another one that writes the same file."""

POLL_S = 0.05
"""How often it looks meanwhile."""


@dataclass(frozen=True, slots=True)
class _Export:
    backend: Backend
    drive: Drive
    work: InOrder[Event]


def export_tree(
    backend: Backend, caller: Caller, source: DrivePath, target: Path, options: TreeOptions | None = None
) -> Iterator[Event]:
    """Write everything below the collection `source` into the folder `target`, which is made if it is missing.

    Yields an event for each file and folder. Errors: NotFound, NotAllowedHere for a file; OSError when the folder
    cannot be made. Whatever goes wrong with one file is an event, and the others go on.
    """
    found = stat(backend, caller, source)
    if not found.resource.is_collection:
        raise NotAllowedHere(f"{source} is a file; name the collection that holds it")
    make_durable_folder(target)
    options = options or TreeOptions()
    with InOrder[Event](options.workers, options.deadline) as work:
        yield from _collection(_Export(backend, found.drive, work), found.resource, target)
        yield from work.rest()


def _collection(task: _Export, collection: Resource, target: Path) -> Iterator[Event]:
    """The members, then the time of the folder: writing into it changes that."""
    for page in list_members(task.backend, task.drive, collection):
        for member in page:
            path = target / check_name(member.name)  # a backup from elsewhere may hold any row
            if member.is_collection:
                yield from _below(task, member, path)
            else:
                yield from task.work.submit(partial(attempted, str(path), partial(_file, task, member, path)))
    yield from task.work.after(partial(attempted, str(target), partial(_set_time, collection, target)))


def _below(task: _Export, member: Resource, path: Path) -> Iterator[Event]:
    try:
        _make_folder(path)
    except OSError as error:
        yield Event(str(path), Outcome.FAILED, reason=error.strerror or type(error).__name__)
        return
    yield from _collection(task, member, path)


def _make_folder(path: Path) -> None:
    """Make a folder, or find one: a link to one would lead out of where the tree should go. Raises OSError."""
    try:
        path.mkdir()
    except FileExistsError:
        if not S_ISDIR(path.stat(follow_symlinks=False).st_mode):
            raise


def _set_time(collection: Resource, target: Path) -> Event:
    os.utime(target, ns=(collection.modified_ms * 1_000_000,) * 2)
    sync_folder(target)
    return Event(str(target), Outcome.UNCHANGED)


def _file(task: _Export, member: Resource, path: Path) -> Event:
    ends = time.monotonic() + WAIT_S
    while not _is_there(member, path):
        with taking_place_of(path) as file:
            if file is not None:
                _write(task, member, file)
                return Event(str(path), Outcome.STORED, member.size or 0)
        if time.monotonic() >= ends:
            raise Conflict("another export has been writing it all the time; run this one again when that is done")
        task.work.deadline.sleep(POLL_S)
    return Event(str(path), Outcome.UNCHANGED, member.size or 0)


def _is_there(member: Resource, path: Path) -> bool:
    with suppress(FileNotFoundError):
        about = path.stat(follow_symlinks=False)
        return (about.st_size, about.st_mtime_ns // 1_000_000) == (member.size or 0, member.modified_ms)
    return False


def _write(task: _Export, member: Resource, file: FileIO) -> None:
    """Errors: Damaged when the bytes are not those that were stored; NotFound when history was purged meanwhile."""
    content = task.backend.database.read(lambda session: find_content(session, member.content or 0))
    if content is None:
        raise NotFound("the file was deleted and purged while the export was under way")
    digester = Digester()
    for block in read_bytes(task.backend, content, 0, content.size, task.work.deadline):
        digester.update(block)
        file.write(block)
    if content.sha256 not in (None, digester.sha256):
        raise Damaged("stored bytes do not have their checksum")
    # Size and time say later that a file is whole, so they must not reach the disk before its bytes.
    os.utime(file.fileno(), ns=(member.modified_ms * 1_000_000,) * 2)
    sync(file.fileno())
