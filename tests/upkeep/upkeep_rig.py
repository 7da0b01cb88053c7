"""Short words for what upkeep's tests do to a drive."""

import time

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import list_members, open_content, read_bytes, stat
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.objects.keys import new_key
from davdrive.objects.memory import MemoryStore
from davdrive.upkeep.check import CheckOptions, check
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.rounds import run_round

LARGE = b"0123456789" * 20
"""Four segments."""


def at(path: str) -> DrivePath:
    drive, *names = path.strip("/").split("/")
    return DrivePath(drive, tuple(names))


def write(backend: Backend, path: str, content: bytes = LARGE) -> None:
    put(backend, SYSTEM, at(path), [content], PutOptions())


def folder(backend: Backend, path: str) -> None:
    make_collection(backend, SYSTEM, at(path))


def remove(backend: Backend, path: str) -> None:
    delete(backend, SYSTEM, at(path))


def rename(backend: Backend, source: str, target: str) -> None:
    move(backend, SYSTEM, at(source), at(target))


def duplicate(backend: Backend, source: str, target: str) -> None:
    copy(backend, SYSTEM, at(source), at(target))


def content_of(backend: Backend, path: str) -> bytes:
    opened = open_content(backend, SYSTEM, at(path))
    return b"".join(read_bytes(backend, opened.content, 0, opened.content.size, Deadline()))


def listing(backend: Backend, path: str) -> dict[str, bytes]:
    """Every file below a collection, by its path."""
    found = stat(backend, SYSTEM, at(path))
    everything: dict[str, bytes] = {}
    for page in list_members(backend, found.drive, found.resource):
        for member in page:
            below = f"{path}/{member.name}"
            everything |= listing(backend, below) if member.is_collection else {below: content_of(backend, below)}
    return everything


def upkeep(backend: Backend, options: UpkeepOptions) -> Tally:
    time.sleep(0.003)  # what happened in this very millisecond is not older than it
    done = run_round(backend, options, whole=True)
    assert done.alone
    assert done.finished
    return done.tally


def findings(backend: Backend) -> list[str]:
    return [finding.message for finding in check(backend, CheckOptions(read_data=True))]


def count(backend: Backend, table: str) -> int:
    found: int = backend.database.read(lambda session: session.value(Statement(f"SELECT count(*) FROM {table}")))
    return found


def sql(backend: Backend, text: str) -> None:
    def work(session: Session) -> None:
        session.run(Statement(text))

    backend.database.write(work)


def objects_of(backend: Backend) -> dict[str, bytes]:
    store = backend.contents.store
    assert isinstance(store, MemoryStore)
    return {key: stored.content for key, stored in store.objects.items()}


def strew(backend: Backend, how_many: int) -> None:
    """Objects that nobody names, as a crash leaves them."""
    store = backend.contents.store
    assert isinstance(store, MemoryStore)
    for _ in range(how_many):
        store.keep(new_key(), b"nobody's")
