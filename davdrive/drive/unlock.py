"""Refreshing and releasing locks (RFC 4918 §9.10.2 and §9.11)."""

from functools import partial

from davdrive.deadline import Deadline
from davdrive.drive.ahead import place_and_tokens
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions
from davdrive.drive.lock import Locking
from davdrive.drive.lock_clash import clashing
from davdrive.drive.lock_rules import covers
from davdrive.drive.names import DrivePath
from davdrive.drive.near_locks import live
from davdrive.drive.places import Place, find_place, path_keys, require_editor
from davdrive.errors import Forbidden, LockConflict, LockTokenMismatch, PreconditionFailed
from davdrive.metadata.caller import Caller
from davdrive.metadata.locks import Lock, find_lock, overtaken, path_key, refresh_lock, remove_lock
from davdrive.metadata.resources import PathKeys
from davdrive.metadata.tables import OWNER
from davdrive.metadata.transaction import Change, Transaction, transact


def refresh(
    backend: Backend,
    caller: Caller,
    path: DrivePath,
    conditions: Conditions,
    timeout_s: int,
    deadline: Deadline | None = None,
) -> Locking:
    """Give the lock whose token is in the If header a new timeout. One that expired a short while ago is taken up
    again, if nobody else locked or changed the same since: a laptop that slept keeps its document open.

    Errors: PreconditionFailed when no submitted token is a lock on the path, or when it expired and somebody else
    changed what it had locked; Forbidden for another's lock; LockConflict when somebody else locked it since.
    """

    def work(transaction: Transaction) -> Locking:
        require_editor(transaction.drive)
        place = find_place(transaction, transaction.drive, path)
        found = _submitted(transaction, place, conditions)
        if found.principal != caller.name:
            raise Forbidden("only the one who took a lock can refresh it")
        kind, drive = place.existing().kind, place.drive
        if found.expires_ms <= drive.lock_ms:
            _check_still_free(transaction, place, found)
        expires_ms = drive.lock_ms + timeout_s * 1000
        renewed = found._replace(timeout_s=timeout_s, expires_ms=expires_ms, revision=drive.revision)
        refresh_lock(transaction.session, renewed)
        return Locking(renewed, False, drive.lock_ms, kind)

    ahead = partial(place_and_tokens, path, sorted(conditions.tokens))
    change = Change("refresh", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    return transact(backend.database, change, work)


def _submitted(transaction: Transaction, place: Place, conditions: Conditions) -> Lock:
    for token in sorted(conditions.tokens):
        found = find_lock(transaction.session, place.drive.id, token)
        if found is not None and covers(found, path_key(place.keys)):
            return found
    raise PreconditionFailed("the If header names no lock on this resource; it may have expired, lock it anew")


def _check_still_free(transaction: Transaction, place: Place, expired: Lock) -> None:
    session, drive = transaction.session, place.drive
    keys = [each for each in expired.path_key.split("/") if each]
    path = PathKeys(drive.name_key, keys, keys)
    met = clashing(session, path, expired.path_key, exclusive=bool(expired.exclusive), infinite=bool(expired.infinite))
    if any(each.token != expired.token for each in live(met, drive.lock_ms)):
        raise LockConflict("the lock expired and somebody else has locked it since", drive.name)
    if overtaken(session, expired, is_file=len(place.keys) == len(keys) and not place.existing().is_collection):
        raise PreconditionFailed("the lock expired and somebody else changed the content since; fetch it anew")


def unlock(backend: Backend, caller: Caller, path: DrivePath, token: str, deadline: Deadline | None = None) -> None:
    """Release the lock with that token, whose scope must hold `path`. Its holder may, and the drive's owner.

    Errors: LockTokenMismatch, Forbidden.
    """

    def work(transaction: Transaction) -> None:
        require_editor(transaction.drive)
        place = find_place(transaction, transaction.drive, path)
        found = find_lock(transaction.session, place.drive.id, token)
        if found is None or not covers(found, path_key(place.keys)):
            raise LockTokenMismatch("that token is of no lock on this resource; it may have expired")
        if found.principal != caller.name and transaction.drive.role < OWNER:
            raise Forbidden(f"the lock is {found.principal}'s; only its holder or the drive's owner can release it")
        remove_lock(transaction.session, token)

    ahead = partial(place_and_tokens, path, [token])
    change = Change("unlock", caller, path_keys(path).drive, path=str(path), deadline=deadline, ahead=ahead)
    transact(backend.database, change, work)
