"""LOCK: a new lock, on what lives at a path or on a new empty file (RFC 4918 §9.10)."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_membership
from davdrive.drive.lock_clash import clashing, end_expired, live
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.errors import BadRequest, LockConflict, TooLarge
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import insert_content
from davdrive.metadata.drives import Drive
from davdrive.metadata.entries import create_node, open_entry
from davdrive.metadata.locks import Lock, count_locks, insert_lock, path_key, sweep_locks
from davdrive.metadata.tables import FILE
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import open_version

EMPTY_SHA256 = hashlib.sha256().digest()

FORGET_EXPIRED_MS = 3_600_000
"""How long an expired lock stays renewable by its owner while nobody else took it (Word wakes from sleep)."""


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What a client asks for. `timeout_s`: seconds, within the server's bounds. `owner_xml`: as it was sent."""

    exclusive: bool = True
    infinite: bool = True
    owner_xml: str | None = None
    timeout_s: int = 600


@dataclass(frozen=True, slots=True)
class Locking:
    """A lock that was granted; `created`: the path was unmapped and is an empty file now;
    `kind`: of the node that the request named."""

    lock: Lock
    created: bool
    now_ms: int
    kind: int


def lock(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    request: LockRequest,
    conditions: Conditions = NO_CONDITIONS,
    deadline: Deadline | None = None,
) -> Locking:
    """Take a write lock.

    Errors: LockConflict naming the lock roots in the way, Locked by the parent's lock when the path is unmapped,
    ParentMissing, Forbidden, PreconditionFailed, TooLarge when the drive has too many locks.
    """
    if len(request.owner_xml or "") > backend.limits.lock_owner_bytes:
        raise BadRequest(f"the owner element may have at most {backend.limits.lock_owner_bytes} characters")

    def work(transaction: Transaction) -> Locking:
        drive = transaction.drive
        require_editor(drive)
        place = find_place(transaction, drive, path)
        if place.resource is None:
            place.parent()
        check_conditions(transaction, place, conditions, (drive,))
        _check_compatible(transaction, place, request)
        _check_count(transaction, drive, backend.limits.locks)
        if place.resource is None:
            check_membership(transaction, place, conditions)
        node = _empty_file(transaction, place) if place.resource is None else place.resource.node
        # The audit trail tells a change of the tree from one of its locks.
        change.operation = "put" if place.resource is None else "lock"
        taken = _take(transaction, place, request, node)
        kind = FILE if place.resource is None else place.resource.kind
        return Locking(taken, place.resource is None, drive.lock_ms, kind)

    change = Change("lock", caller, path_keys(path).drive, path=str(path), deadline=deadline)
    return transact(backend.database, change, work)


def _check_compatible(transaction: Transaction, place: Place, request: LockRequest) -> None:
    session, drive = transaction.session, place.drive
    met = clashing(session, drive.id, place.keys, exclusive=request.exclusive, infinite=request.infinite)
    against = live(met, drive.lock_ms)
    end_expired(session, met, drive.lock_ms)
    if against:
        raise LockConflict(
            f"{against[0].principal} has locked /{place.drive.name}{against[0].path}; the two locks do not go together",
            place.drive.name,
            _roots(against),
        )


def _roots(locks: Sequence[Lock]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(each.names for each in locks))


def _check_count(transaction: Transaction, drive: Drive, most: int) -> None:
    sweep_locks(transaction.session, drive.id, drive.lock_ms - FORGET_EXPIRED_MS)
    if count_locks(transaction.session, drive.id, drive.lock_ms) >= most:
        raise TooLarge(f"the drive has {most} locks already; release some")


def _empty_file(transaction: Transaction, place: Place) -> int:
    """An unmapped path becomes an empty file with its lock (RFC 4918 §7.3)."""
    drive = place.drive
    node = create_node(transaction, drive, FILE)
    open_entry(transaction, drive, place.parent().node, place.path.name, place.name_key, node)
    content = insert_content(transaction.session, size=0, sha256=EMPTY_SHA256, digests={}, inline=b"", segments=())
    open_version(
        transaction,
        drive,
        node,
        content=content,
        size=0,
        etag=secrets.token_hex(12),
        media_type=None,
        modified_ms=transaction.now_ms,
    )
    return node


def _take(transaction: Transaction, place: Place, request: LockRequest, node: int) -> Lock:
    found = [each.name for each in place.found[1:]]
    names = [*found, *place.path.names[len(found) :]]
    taken = Lock(
        token=f"urn:uuid:{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}",
        drive=place.drive.id,
        path="/" + "/".join(names),
        path_key=path_key(place.keys),
        node=node,
        exclusive=int(request.exclusive),
        infinite=int(request.infinite),
        owner_xml=request.owner_xml,
        principal=transaction.caller.name,
        timeout_s=request.timeout_s,
        created_ms=place.drive.lock_ms,
        expires_ms=place.drive.lock_ms + request.timeout_s * 1000,
        revision=place.drive.revision,
    )
    insert_lock(transaction.session, taken)
    return taken
