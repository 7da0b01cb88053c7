"""Mending what `check` found, each finding in one transaction that looks again before it changes anything."""

from collections.abc import Callable, Mapping

from davdrive.drive.backend import Backend
from davdrive.drive.names import name_key
from davdrive.errors import DriveError
from davdrive.metadata.auditing import database_findings, drive_sums
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.entries import create_node, live_node, open_entry
from davdrive.metadata.history import DEEPEST, names_at
from davdrive.metadata.mending import (
    close_name,
    drop_entry,
    entry_node,
    live_entry,
    parent_kind,
    recount,
    reindex,
    renumber,
    set_name,
    set_name_key,
    was_deleted,
)
from davdrive.metadata.tables import COLLECTION, ROOT
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.upkeep.checking.findings import Finding, Mend
from davdrive.upkeep.checking.pair import mark
from davdrive.upkeep.checking.rows import mend_rule

LOST_AND_FOUND = "lost+found"
"""Where files without a name are put, as file systems do."""


def repair(backend: Backend, finding: Finding) -> bool:
    """Mend a finding; whether it is mended. Errors: those of the database, but none of what it refuses: other damage
    may have to be mended first, and one that cannot be must not keep the rest from it."""
    try:
        return _repair(backend, finding)
    except backend.database.refusal:
        return False


def _repair(backend: Backend, finding: Finding) -> bool:
    if finding.mend is Mend.RULE:
        return mend_rule(backend.database, finding)
    if finding.mend is Mend.MARK:
        return mark(backend)
    if finding.mend is Mend.REINDEX:
        return _make_indexes_again(backend)
    action, keys = _ACTIONS.get(finding.mend), {each.id: each.name_key for each in backend.database.read(drive_sums)}
    if action is None or finding.drive not in keys:
        return False
    change = Change("repair", SYSTEM, keys[finding.drive], path=finding.message)
    return transact(backend.database, change, lambda transaction: action(transaction, finding.row))


def _make_indexes_again(backend: Backend) -> bool:
    try:
        backend.database.write(reindex)
    except DriveError:
        return False
    return not backend.database.read(database_findings)


def _rename(transaction: Transaction, entry: int) -> bool:
    """Something whose name another has, or that nobody can say, is called after its number."""
    found = live_entry(transaction.session, transaction.drive, entry)
    if found is None:
        return True
    parent, _ = found
    name = f"node-{entry_node(transaction.session, transaction.drive, entry)}"
    while live_node(transaction.session, transaction.drive, parent, name) is not None:
        name += "-again"
    set_name(transaction.session, transaction.drive, entry, name)
    return True


def _recount(transaction: Transaction, row: int) -> bool:
    recount(transaction)
    return True


def _renumber(transaction: Transaction, row: int) -> bool:
    renumber(transaction)
    return True


def _forget(transaction: Transaction, entry: int) -> bool:
    drop_entry(transaction.session, transaction.drive, entry)
    return True


def _rename_key(transaction: Transaction, entry: int) -> bool:
    found = live_entry(transaction.session, transaction.drive, entry)
    if found is None:
        return True
    parent, name = found
    key = name_key(name, bool(transaction.drive.case_insensitive))
    if live_node(transaction.session, transaction.drive, parent, key) is not None:
        return False
    set_name_key(transaction.session, transaction.drive, entry, key)
    return True


def _adopt(transaction: Transaction, node: int) -> bool:
    if not _is_lost(transaction, node):
        return True
    collection, name = _lost_and_found(transaction), f"node-{node}"
    if live_node(transaction.session, transaction.drive, collection, name) is not None:
        name = f"{name}-{transaction.drive.revision}"
    close_name(transaction, node)
    open_entry(transaction, transaction.drive, collection, name, name, node)
    return True


def _is_lost(transaction: Transaction, node: int) -> bool:
    """Whether the way up from a node ends anywhere but at the root or at something that was deleted."""
    session, drive = transaction.session, transaction.drive
    top, names = names_at(session, drive.id, node, drive.revision)
    if len(names) >= DEEPEST:
        return True
    if top not in (ROOT, node):
        return not was_deleted(session, drive.id, top)
    return parent_kind(session, drive.id, node) != COLLECTION and not was_deleted(session, drive.id, node)


def _lost_and_found(transaction: Transaction) -> int:
    drive = transaction.drive
    found = live_node(transaction.session, drive, ROOT, LOST_AND_FOUND)
    if found is not None:
        return found
    made = create_node(transaction, drive, COLLECTION)
    open_entry(transaction, drive, ROOT, LOST_AND_FOUND, LOST_AND_FOUND, made)
    return made


_ACTIONS: Mapping[Mend, Callable[[Transaction, int], bool]] = {
    Mend.RECOUNT: _recount,
    Mend.RENUMBER: _renumber,
    Mend.FORGET: _forget,
    Mend.RENAME_KEY: _rename_key,
    Mend.ADOPT: _adopt,
    Mend.RENAME: _rename,
}
