"""The drive that dies: its tree, and everything that may be under way when it does."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.open import ensure_drive, open_database, sqlite_url
from davdrive.drive.patch import patch
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.drive.put import PutOptions, put
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.unlock import refresh, unlock
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.append import append
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.find import UploadRef
from davdrive.drive.versions import list_versions
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.locks import all_locks
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.statement import Statement
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from davdrive.upkeep.options import UpkeepOptions
from davdrive.upkeep.rounds import run_round

SEGMENT_BYTES, INLINE_BYTES = 64, 8
LARGE = b"0123456789abcdef" * 10
AT_ONCE = UpkeepOptions(retention_s=0, request_s=0, grace_s=0, sweep_age_s=0, sweep_interval_s=0, batch=2, deletions=1)
DATABASE_NAME = "database-url"
"""A file that names the database of a data directory, where it is not SQLite's there."""

UPLOAD = "the upload"
UPLOAD_REF = UploadRef("d", name=UPLOAD)


def open_scene(data_dir: Path) -> Backend:
    """The backend of a data directory, with segments so small that little bytes make many."""
    contents = ContentStore(LocalStore(data_dir / "objects"), segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
    named = data_dir / DATABASE_NAME
    url = named.read_text() if named.exists() else sqlite_url(data_dir)
    return Backend(open_database(DatabaseOptions(url, pool_size=4)), contents)


def close_scene(backend: Backend) -> None:
    backend.close()


def at(*names: str) -> DrivePath:
    return DrivePath("d", names)


def build(data_dir: Path) -> None:
    """A tree with a past: versions, trash, a lock, an upload under way."""
    backend = open_scene(data_dir)
    for drive in ("d", "e"):
        ensure_drive(backend, drive)
    full = DrivePath("e", ("full",))
    for path in (at("tree"), at("tree", "inner"), at("other"), at("full"), full):
        make_collection(backend, SYSTEM, path)
    below = (at("tree", "large"), at("tree", "inner", "deep"), at("other", "x"), at("full", "y"))
    for path in (at("file"), at("gone"), *below, DrivePath("e", ("full", "z"))):
        put(backend, SYSTEM, path, [LARGE], PutOptions())
    put(backend, SYSTEM, at("file"), [LARGE[::-1]], PutOptions())
    put(backend, SYSTEM, at("small"), [b"small"], PutOptions())
    delete(backend, SYSTEM, at("gone"))
    lock(backend, SYSTEM, at("other"), LockRequest(infinite=False))
    begin(backend, SYSTEM, "d", name=UPLOAD, path=at("uploaded"))
    add_part(backend, SYSTEM, UPLOAD_REF, 1, "1", [LARGE], PartOptions(), Deadline())
    close_scene(backend)


def _token(backend: Backend) -> str:
    return backend.database.read(all_locks)[0].token


def _held(backend: Backend) -> Conditions:
    return Conditions(if_lists=(StateList((StateCondition(token=_token(backend)),)),))


def _trash_id(backend: Backend) -> int:
    return next(iter(list_trash(backend, SYSTEM, "d"))).id


def _old_version(backend: Backend) -> int:
    return list_versions(backend, SYSTEM, at("file"))[-1].id


def _upkeep(backend: Backend) -> Any:
    time.sleep(0.003)
    return run_round(backend, AT_ONCE, whole=True)


_DEAD = PropertyPatch([PropertyChange(PropertyName("urn:x", name), f"<{name}/>") for name in "pq"])


_CHECKED = PutOptions(checksums={"sha256": hashlib.sha256(LARGE).hexdigest()})


def go_on(backend: Backend) -> None:
    """What the same process does next: somebody else's request."""
    put(backend, SYSTEM, DrivePath("e", ("afterwards",)), [LARGE], PutOptions())


ACTIONS: dict[str, Callable[[Backend], Any]] = {
    "PUT of a new small file": lambda b: put(b, SYSTEM, at("new"), [b"tiny"], PutOptions()),
    "PUT of a new large file": lambda b: put(b, SYSTEM, at("new"), [LARGE], PutOptions()),
    "PUT over a small file": lambda b: put(b, SYSTEM, at("small"), [b"little"], PutOptions()),
    "PUT over a large file": lambda b: put(b, SYSTEM, at("file"), [LARGE + b"!"], PutOptions()),
    "PATCH": lambda b: patch(b, SYSTEM, at("file"), [b"#" * 70], lambda size, _: 40, PutOptions()),
    "MKCOL": lambda b: make_collection(b, SYSTEM, at("made")),
    "COPY of a tree": lambda b: copy(b, SYSTEM, at("tree"), at("copy")),
    "COPY to another drive": lambda b: copy(b, SYSTEM, at("tree"), DrivePath("e", ("copy",))),
    "COPY over a file": lambda b: copy(b, SYSTEM, at("tree", "large"), at("file")),
    "COPY over a tree": lambda b: copy(b, SYSTEM, at("tree"), at("full")),
    "MOVE of a tree": lambda b: move(b, SYSTEM, at("tree"), at("moved")),
    "MOVE to another drive": lambda b: move(b, SYSTEM, at("tree"), DrivePath("e", ("moved",))),
    "MOVE over a file": lambda b: move(b, SYSTEM, at("tree", "large"), at("file")),
    "MOVE over a tree on another drive": lambda b: move(b, SYSTEM, at("full"), DrivePath("e", ("full",))),
    "DELETE of a file": lambda b: delete(b, SYSTEM, at("file")),
    "DELETE of a tree": lambda b: delete(b, SYSTEM, at("tree")),
    "LOCK": lambda b: lock(b, SYSTEM, at("tree"), LockRequest()),
    "LOCK of nothing": lambda b: lock(b, SYSTEM, at("new"), LockRequest()),
    "refresh": lambda b: refresh(b, SYSTEM, at("other"), _held(b), 4000),
    "UNLOCK": lambda b: unlock(b, SYSTEM, at("other"), _token(b)),
    "PROPPATCH": lambda b: patch_properties(b, SYSTEM, at("file"), _DEAD),
    "restore from the trash": lambda b: restore_deleted(b, SYSTEM, "d", _trash_id(b)),
    "restore a version": lambda b: restore_version(b, SYSTEM, at("file"), _old_version(b)),
    "begin an upload": lambda b: begin(b, SYSTEM, "d", name="another", path=at("another"), total=5),
    "append to an upload": lambda b: append(
        b, SYSTEM, UPLOAD_REF, len(LARGE), [LARGE], checksums={}, declared_size=len(LARGE), deadline=Deadline()
    ),
    "an upload's part": lambda b: add_part(b, SYSTEM, UPLOAD_REF, 2, "2", [LARGE], PartOptions(), Deadline()),
    "complete an upload": lambda b: complete(b, SYSTEM, UPLOAD_REF, None, PutOptions()),
    "complete an upload with its checksum": lambda b: complete(b, SYSTEM, UPLOAD_REF, None, _CHECKED),
    "complete an upload over a file": lambda b: complete(b, SYSTEM, UPLOAD_REF, at("file"), PutOptions()),
    "abort an upload": lambda b: abort(b, SYSTEM, UPLOAD_REF),
    "upkeep": _upkeep,
    "nothing": lambda _: None,
}

_STATE = (
    """SELECT d.name, e.parent, e.node, e.name, c.size, c.sha256 FROM drives d
       JOIN entries e ON e.drive = d.id AND e.until IS NULL
       LEFT JOIN versions v ON v.drive = e.drive AND v.node = e.node AND v.until IS NULL
       LEFT JOIN contents c ON c.id = v.content ORDER BY 1, 2, 3""",
    "SELECT drive, node, name, value FROM properties ORDER BY 1, 2, 3",
    "SELECT path, exclusive, infinite, timeout_s FROM locks ORDER BY 1",
    """SELECT u.name, u.state, u.received, p.number, p.size FROM uploads u LEFT JOIN parts p ON p.upload = u.id
       ORDER BY 1, 4""",
)
_PAST = (
    "SELECT drive, node, size, since, until FROM versions ORDER BY 1, 2, 4",
    "SELECT drive, parent, node, since, until FROM entries ORDER BY 1, 2, 3, 4",
    "SELECT name, used_bytes FROM drives ORDER BY 1",
)


def state_of(backend: Backend, past: bool) -> list[Any]:
    """What people see, and with `past` everything that they could ask for."""

    def rows() -> Iterator[Any]:
        with backend.database.snapshot() as session:
            for text in (*_STATE, *(_PAST if past else ())):
                yield [tuple(row) for row in session.rows(Statement(text))]

    return list(rows())
