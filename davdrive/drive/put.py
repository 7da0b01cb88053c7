"""PUT: store a content durably, then name it in one transaction."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import file_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.glance import glance_at
from davdrive.drive.guard import check_conditions, check_content, check_membership
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, View, find_place, path_keys, require_editor
from davdrive.drive.uploads.kept import kept_or_discarded
from davdrive.errors import BodyMismatch, ChecksumMismatch, NotAllowedHere, QuotaExceeded, TooLarge
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import insert_content
from davdrive.metadata.drives import Drive
from davdrive.metadata.entries import create_node, open_entry, set_created
from davdrive.metadata.session import Session
from davdrive.metadata.tables import FILE
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import open_version, replace_version
from davdrive.objects.content import StoredContent


@dataclass(frozen=True, slots=True)
class PutOptions:
    """What a client says of the content besides its bytes.

    `declared_size`: bytes, if it said. `checksums`: hex digests by lower-case algorithm that the bytes must have.
    `digests`: further algorithms to compute and keep. `modified_ms`, `created_ms`: unix ms, instead of now.
    """

    media_type: str | None = None
    declared_size: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()
    modified_ms: int | None = None
    created_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left at the path. `etag` is without quotes, `modified_ms` in unix ms."""

    created: bool
    etag: str
    modified_ms: int
    drive_id: int
    node: int
    digests: Mapping[str, str] = field(default_factory=dict)


def put(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    body: Iterable[bytes | memoryview],
    options: PutOptions,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> Written:
    """Create or replace the file at `path` with the bytes of `body` (RFC 4918 §9.7).

    Nothing is visible before everything is durable; when anything fails, what lived there lives on.
    Errors: those of `check_put`; what `body` raises; ChecksumMismatch; StorageFull; Unavailable; Cancelled.
    """
    deadline = deadline or Deadline()
    wanted = options.digests | (options.checksums.keys() - {"sha256"})
    stored = backend.contents.write(body, deadline, wanted, size_hint=options.declared_size or 0)
    with kept_or_discarded(backend, stored):
        check_length(stored, options.declared_size)
        verify(stored, options.checksums)
        return name_content(backend, caller, path, stored, options, conditions, deadline)


def name_content(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    stored: StoredContent,
    options: PutOptions,
    conditions: Conditions,
    deadline: Deadline | None,
) -> Written:
    """Make durable bytes the content of `path`, in one transaction."""

    def work(transaction: Transaction) -> Written:
        place = check_put(transaction, transaction.drive, backend, path, stored.size, conditions)
        return _write(transaction, place, stored, options, backend.limits.drafts_s)

    ahead = partial(file_and_locks, path, conditions)
    change = Change("put", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    return transact(backend.database, change, work)


def foresee_put(
    backend: Backend, caller: Caller, path: DrivePath, declared_size: int | None, conditions: Conditions
) -> None:
    """Look whether a PUT could succeed now, before its body is asked for. Errors: those of `check_put`."""

    def look(session: Session) -> None:
        glance, drive = glance_at(backend, session, caller, path, conditions)
        check_put(glance, drive, backend, path, declared_size or 0, conditions)

    backend.database.read(look)


def check_put(view: View, drive: Drive, backend: Backend, path: DrivePath, size: int, conditions: Conditions) -> Place:
    """Everything that a PUT of `size` bytes depends on.

    Errors: Forbidden, ParentMissing, NotAllowedHere for a collection, PreconditionFailed, Locked, TooLarge,
    QuotaExceeded.
    """
    require_editor(drive)
    place = find_place(view, drive, path)
    if place.resource is not None and place.resource.is_collection:
        raise NotAllowedHere(f"{path} is a collection; a file cannot take its place")
    place.parent()
    check_conditions(view, place, conditions, (drive,))
    if place.resource is None:
        check_membership(view, place, conditions)
    else:
        check_content(view, place, conditions)
    check_room(drive, size, backend.limits.file_bytes)
    return place


def check_room(drive: Drive, size: int, file_bytes: int) -> None:
    """Errors: TooLarge over the server's limit for one file, QuotaExceeded over the drive's quota."""
    if size > file_bytes:
        raise TooLarge(f"a file may have at most {file_bytes} bytes here")
    if drive.quota_bytes is not None and drive.used_bytes + size > drive.quota_bytes:
        free = max(0, drive.quota_bytes - drive.used_bytes)
        raise QuotaExceeded(
            f"the drive {drive.name} has {free} bytes left, and {size} are needed; deleted files and old versions "
            f"count too: ask for `davdrive trash empty {drive.name}`, or for a larger quota"
        )


def check_length(stored: StoredContent, declared: int | None) -> None:
    """Errors: BodyMismatch for a body that is not as long as it was said to be."""
    if declared is not None and stored.size != declared:
        raise BodyMismatch(f"the body has {stored.size} bytes, and {declared} were announced; nothing was changed")


def verify(stored: StoredContent, checksums: Mapping[str, str]) -> None:
    """Errors: ChecksumMismatch when the bytes that came are not those that were meant."""
    for algorithm, expected in checksums.items():
        actual = stored.sha256.hex() if algorithm == "sha256" else stored.digests[algorithm].hex()
        if actual != expected.lower():
            raise ChecksumMismatch(f"the {algorithm} checksum of the bytes that came is not the declared one")


def _write(
    transaction: Transaction, place: Place, stored: StoredContent, options: PutOptions, drafts_s: int
) -> Written:
    digests = {name: digest.hex() for name, digest in stored.digests.items()}
    content = insert_content(
        transaction.session,
        size=stored.size,
        sha256=stored.sha256,
        digests=digests,
        inline=stored.inline,
        segments=stored.segments,
    )
    known = {**digests, "sha256": stored.sha256.hex()}
    return write_version(transaction, place, content, stored.size, options, drafts_s, known)


def write_version(
    transaction: Transaction,
    place: Place,
    content: int,
    size: int,
    options: PutOptions,
    drafts_s: int,
    digests: Mapping[str, str],
) -> Written:
    """Make a content of `size` bytes, whose row is there already, the current one of a place that `check_put` found
    free to write. `digests` are what is known of it, hex by algorithm."""
    drive, resource = place.drive, place.resource
    if resource is None:
        node = create_node(transaction, drive, FILE, created_ms=options.created_ms)
        open_entry(transaction, drive, place.parent().node, place.path.name, place.name_key, node)
    else:
        node = resource.node
        replace_version(transaction, drive, node, transaction.now_ms - drafts_s * 1000)
        if options.created_ms is not None:
            set_created(transaction, drive, node, options.created_ms)
    etag = secrets.token_hex(12)
    modified_ms = transaction.now_ms if options.modified_ms is None else options.modified_ms
    media_type = options.media_type or (resource.media_type if resource else None)
    open_version(
        transaction,
        drive,
        node,
        content=content,
        size=size,
        etag=etag,
        media_type=media_type,
        modified_ms=modified_ms,
    )
    return Written(resource is None, etag, modified_ms, drive.id, node, digests)
