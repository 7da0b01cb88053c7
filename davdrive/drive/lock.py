"""LOCK: a new lock, on what lives at a path or on a new empty file (RFC 4918 §9.10)."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import lockable
from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.conditions import NO_CONDITIONS, Conditions
from davdrive.drive.guard import check_conditions, check_membership
from davdrive.drive.lock_clash import clashing, end_expired, meeting
from davdrive.drive.names import DrivePath
from davdrive.drive.near_locks import live
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

PATH_BYTES = 2600
"""The longest path that can be locked: PostgreSQL must index it, and takes 2,704 bytes with what stands beside it."""

FORGET_EXPIRED_MS = 3_600_000
"""How long an expired lock stays renewable by its owner while nobody else took it (Word wakes from sleep), and while
the drive has not as many in all as it may have in force: whoever judges a change of a tree reads them."""


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
    ParentMissing, Forbidden, PreconditionFailed, TooLarge when the drive or the place has too many locks, or its path
    is too long for one.
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
        _check_path(place)
        met = _met(transaction, place, request)
        _check_compatible(place, met)
        crowded = _check_count(transaction, drive, backend.limits)
        _check_shared(transaction, place, request, backend.limits.shared_locks)
        if place.resource is None:
            check_membership(transaction, place, conditions)
        node = _empty_file(transaction, place) if place.resource is None else place.resource.node
        # The audit trail tells a change of the tree from one of its locks.
        change.operation = "put" if place.resource is None else "lock"
        taken = _take(transaction, place, request, node)
        end_expired(transaction.session, met, drive.lock_ms)
        sweep_locks(transaction.session, drive.id, drive.lock_ms - (0 if crowded else FORGET_EXPIRED_MS))
        kind = FILE if place.resource is None else place.resource.kind
        return Locking(taken, place.resource is None, drive.lock_ms, kind)

    ahead = partial(lockable, path, conditions)
    change = Change("lock", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    return transact(backend.database, change, work)


def _met(transaction: Transaction, place: Place, request: LockRequest) -> list[Lock]:
    """The locks, expired ones too, that the new one does not go together with."""
    key, exclusive, infinite = path_key(place.keys), request.exclusive, request.infinite
    return clashing(transaction.session, place.lookup, key, exclusive=exclusive, infinite=infinite)


def _check_compatible(place: Place, met: list[Lock]) -> None:
    against = live(met, place.drive.lock_ms)
    if against:
        raise LockConflict(
            f"{against[0].principal} has locked /{place.drive.name}{against[0].path}; the two locks do not go together",
            place.drive.name,
            _roots(against),
        )


def _roots(locks: Sequence[Lock]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(each.names for each in locks))


def _check_path(place: Place) -> None:
    if len(path_key(place.keys).encode()) > PATH_BYTES:
        raise TooLarge(f"a path of more than {PATH_BYTES} bytes cannot be locked; use shorter names, or fewer")


def _check_count(transaction: Transaction, drive: Drive, limits: DriveLimits) -> bool:
    """Whether there are too many to keep those that expired. Errors: TooLarge."""
    count = count_locks(transaction.session, drive.name_key)
    if count.live >= limits.locks:
        raise TooLarge(f"the drive has {limits.locks} locks already; release some")
    if count.live_owners > limits.lock_owners_bytes:
        raise TooLarge(f"the owners of the drive's locks have over {limits.lock_owners_bytes} bytes; release some")
    return count.every >= limits.locks or count.every_owner > limits.lock_owners_bytes


def _check_shared(transaction: Transaction, place: Place, request: LockRequest, most: int) -> None:
    """An exclusive lock is alone; shared ones over one resource add up. Those below a lock of infinite depth count in
    full, though each lies over a part of it alone: so no resource ever has more."""
    if request.exclusive:
        return
    met = meeting(transaction.session, place.lookup, path_key(place.keys), infinite=request.infinite)
    if len(live(met, place.drive.lock_ms)) >= most:
        raise TooLarge(f"{place.path} has {most} shared locks already; wait until one is released")


def _empty_file(transaction: Transaction, place: Place) -> int:
    """An unmapped path becomes an empty file with its lock (RFC 4918 §7.3)."""
    drive = place.drive
    content = insert_content(transaction.session, size=0, sha256=EMPTY_SHA256, digests={}, inline=b"", segments=())
    node = create_node(transaction, drive, FILE)
    open_entry(transaction, drive, place.parent().node, place.path.name, place.name_key, node)
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
