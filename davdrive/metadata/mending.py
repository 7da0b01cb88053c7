"""Putting rows right that `davdrive check` found wrong. Each call belongs into a transaction under the drive's lock."""

from davdrive.metadata.drives import Drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction

_STORED = Statement("""
    SELECT COALESCE((SELECT sum(size) FROM versions WHERE drive = :drive), 0)
        + COALESCE((SELECT sum(q.length) FROM parts q JOIN uploads u ON u.id = q.upload WHERE u.drive = :drive), 0)""")
_LAST_NODE = Statement("SELECT COALESCE(max(id), 1) FROM nodes WHERE drive = :drive")
_CLOSE = Statement("UPDATE entries SET until = :revision WHERE drive = :drive AND node = :node AND until IS NULL")
_DROP_ENTRY = Statement("DELETE FROM entries WHERE drive = :drive AND id = :entry")
_ENTRY = Statement("SELECT parent, name FROM entries WHERE drive = :drive AND id = :entry AND until IS NULL")
_SET_KEY = Statement("UPDATE entries SET name_key = :name_key WHERE drive = :drive AND id = :entry")
_SET_NAME = Statement("UPDATE entries SET name = :name, name_key = :name WHERE drive = :drive AND id = :entry")
_NODE = Statement("SELECT node FROM entries WHERE drive = :drive AND id = :entry")
_REINDEX = Statement("REINDEX")
_ANY_ENTRY = Statement("SELECT count(*), count(until) FROM entries WHERE drive = :drive AND node = :node")
_PARENT_KIND = Statement("""
    SELECT p.kind FROM entries e JOIN nodes p ON p.drive = e.drive AND p.id = e.parent
    WHERE e.drive = :drive AND e.node = :node AND e.until IS NULL""")


def recount(transaction: Transaction) -> int:
    """Make the drive's used bytes what its rows add up to; by how much they were off, in bytes."""
    stored = int(transaction.session.value(_STORED, drive=transaction.drive.id))
    off = stored - transaction.drive.used_bytes
    transaction.charge(transaction.drive, off)
    return off


def renumber(transaction: Transaction) -> None:
    """Go on with node ids over the highest in use."""
    last: int = transaction.session.value(_LAST_NODE, drive=transaction.drive.id)
    transaction.drive.next_node = max(transaction.drive.next_node, last + 1)
    transaction.charge(transaction.drive, 0)  # its counters changed


def close_name(transaction: Transaction, node: int) -> None:
    """End the node's name, wherever it is."""
    drive = transaction.drive
    transaction.session.run(_CLOSE, drive=drive.id, node=node, revision=drive.revision)


def drop_entry(session: Session, drive: Drive, entry: int) -> None:
    """Remove a name that leads nowhere."""
    session.run(_DROP_ENTRY, drive=drive.id, entry=entry)


def live_entry(session: Session, drive: Drive, entry: int) -> tuple[int, str] | None:
    """(parent, name) of a name in force."""
    row = session.row(_ENTRY, drive=drive.id, entry=entry)
    return None if row is None else (row[0], row[1])


def set_name_key(session: Session, drive: Drive, entry: int, name_key: str) -> None:
    """Give a name the key by which it is found."""
    session.run(_SET_KEY, drive=drive.id, entry=entry, name_key=name_key)


def entry_node(session: Session, drive: Drive, entry: int) -> int:
    """What a name stands for."""
    found: int = session.value(_NODE, drive=drive.id, entry=entry)
    return found


def set_name(session: Session, drive: Drive, entry: int, name: str) -> None:
    """Give an entry another name, which is its own key: ASCII in lower case."""
    session.run(_SET_NAME, drive=drive.id, entry=entry, name=name)


def reindex(session: Session) -> None:
    """Make every index of an SQLite file again from the rows."""
    session.run(_REINDEX)


def was_deleted(session: Session, drive: int, node: int) -> bool:
    """Whether the node had a name and has none now."""
    names, ended = session.row(_ANY_ENTRY, drive=drive, node=node) or (0, 0)
    return 0 < int(names) == int(ended)


def parent_kind(session: Session, drive: int, node: int) -> int | None:
    """The kind of what holds a node now; None if nothing does."""
    found: int | None = session.value(_PARENT_KIND, drive=drive, node=node)
    return found
