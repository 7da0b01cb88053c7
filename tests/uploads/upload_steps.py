"""Steps of uploads that the tests share."""

from collections.abc import Callable
from typing import Any

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.put import PutOptions, Written, put
from davdrive.drive.read import open_content, read_bytes
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.add_part import PartOptions, Stored, add_part
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.find import UploadRef
from davdrive.metadata.caller import SYSTEM

FILE = DrivePath("bob", ("file.bin",))


def pattern(size: int, seed: int = 1) -> bytes:
    """Bytes without a period that a wrong offset could hide behind."""
    return bytes((seed + at * at * 31 + at) % 251 for at in range(size))


def started(backend: Backend, name: str = "up", total: int | None = None) -> UploadRef:
    """A new upload."""
    begin(backend, SYSTEM, "bob", name=name, total=total)
    return UploadRef("bob", name)


def part(backend: Backend, ref: UploadRef, number: int, body: bytes, name: str = "") -> Stored:
    """Store a part."""
    options = PartOptions(declared_size=len(body))
    return add_part(backend, SYSTEM, ref, number, name or f"{number:05d}", [body], options, Deadline())


def finished(backend: Backend, ref: UploadRef, path: DrivePath = FILE, **options: object) -> Written:
    """Complete an upload."""
    return complete(backend, SYSTEM, ref, path, PutOptions(**options))  # type: ignore[arg-type]


def written(backend: Backend, body: bytes, path: DrivePath = FILE) -> Written:
    """PUT."""
    return put(backend, SYSTEM, path, [body], PutOptions())


def content(backend: Backend, path: DrivePath = FILE) -> bytes:
    """All bytes of a file."""
    found = open_content(backend, SYSTEM, path).content
    return b"".join(read_bytes(backend, found, 0, found.size, Deadline()))


Step = Callable[..., Any]


def abort_step(ref: UploadRef) -> Step:
    return lambda backend, caller=SYSTEM: abort(backend, caller, ref)


def complete_step(ref: UploadRef) -> Step:
    return lambda backend, caller=SYSTEM: complete(backend, caller, ref, FILE, PutOptions())


def part_step(ref: UploadRef) -> Step:
    return lambda backend, caller=SYSTEM: add_part(backend, caller, ref, 2, "2", [b"late"], PartOptions(), Deadline())
