"""The manifest of a backup: a small object under a key that says which backup it is. It is written last, so a backup
either is whole or does not exist.

A backup's store is an ordinary object store (a folder, a bucket), and holds the objects of the drive under their own
keys, the metadata and the list of objects of each backup in segments, and a manifest a backup.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from davdrive.deadline import unlimited
from davdrive.errors import BadRequest, Damaged, NotFound
from davdrive.objects.base import ObjectInfo, ObjectStore, SegmentRef
from davdrive.objects.content import StoredContent

FORMAT = 1
_PREFIX = "ba/c0/bac0000000000000"
"""Twelve zeros after it: a random key begins like that once in 2⁶⁴."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes in segments of the backup's store. `sha256` in hex."""

    size: int
    sha256: str
    segments: list[tuple[str, int, int]]

    @classmethod
    def of(cls, content: StoredContent) -> "Stored":
        places = [(each.key, each.offset, each.length) for each in content.segments]
        return cls(content.size, content.sha256.hex(), places)

    def refs(self) -> list[SegmentRef]:
        """The segments as a content store reads them."""
        return [SegmentRef(*place) for place in self.segments]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. `number` counts them, `made_ms` in unix ms, `schema` is the metadata's, `objects` and `bytes` are
    what it needs of the drive's objects; `metadata` the dump, `listing` the keys and sizes in the order of keys."""

    number: int
    made_ms: int
    version: str
    schema: str
    objects: int
    bytes: int
    metadata: Stored
    listing: Stored


def key_of(number: int) -> str:
    """The key under which the manifest of a backup is kept."""
    return f"{_PREFIX}{number:016x}"


MARKER = key_of(0)
"""No backup: whose backups are there (`place.py`)."""


def _listed(store: ObjectStore) -> dict[int, ObjectInfo]:
    found = {int(info.key.removeprefix(_PREFIX), 16): info for info in store.list(_PREFIX)}
    return {number: info for number, info in found.items() if number}


def numbers(store: ObjectStore) -> list[int]:
    """The backups that are whole, the oldest first."""
    return list(_listed(store))


def keep_small(store: ObjectStore, key: str, text: bytes) -> None:
    """Store a few bytes."""
    writer = store.create(key, len(text), unlimited())
    try:
        writer.write(text)
        writer.finish()
    except BaseException:
        writer.abort()
        raise


def write_manifest(store: ObjectStore, manifest: Manifest) -> None:
    """Make a backup exist."""
    keep_small(store, key_of(manifest.number), json.dumps({"format": FORMAT, **asdict(manifest)}).encode())


def read_manifest(store: ObjectStore, number: int | None = None) -> Manifest:
    """A backup, the newest without a number. Errors: NotFound, BadRequest for one of another format, Damaged."""
    found = _listed(store)
    if not found:
        raise NotFound("there is no backup at that place")
    info = found.get(max(found) if number is None else number)
    if info is None:
        raise NotFound(f"there is no backup {number}; there are {', '.join(map(str, sorted(found)))}")
    text = b"".join(store.read(info.key, 0, info.size, unlimited()))
    try:
        return _parsed(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("the backup's manifest cannot be read") from error


def manifests(store: ObjectStore) -> Iterator[Manifest]:
    """Every backup, the oldest first."""
    return (read_manifest(store, number) for number in numbers(store))


def _parsed(fields: dict[str, Any]) -> Manifest:
    if fields.pop("format") != FORMAT:
        raise BadRequest("the backup was made by another davdrive; use that version to restore it")
    for name in ("metadata", "listing"):
        part = fields[name]
        fields[name] = Stored(part["size"], part["sha256"], [tuple(place) for place in part["segments"]])
    return Manifest(**fields)
