"""Names: opening, closing and finding the rows that say what a node was called, where, and when."""

from davdrive.metadata.drives import Drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction

_OPEN = Statement("""
    INSERT INTO entries (drive, parent, name, name_key, node, since)
    VALUES (:drive, :parent, :name, :name_key, :node, :revision)""")
_CLOSE = Statement("UPDATE entries SET until = :revision WHERE drive = :drive AND node = :node AND until IS NULL")
_NEW_NODE = Statement("""
    INSERT INTO nodes (drive, id, kind, created_ms, modified_ms)
    VALUES (:drive, :id, :kind, :created_ms, :modified_ms)""")
_TOUCH = Statement("UPDATE nodes SET modified_ms = :modified_ms WHERE drive = :drive AND id = :id")
_SET_CREATED = Statement("UPDATE nodes SET created_ms = :created_ms WHERE drive = :drive AND id = :id")
_SIBLING = Statement("""
    SELECT node FROM entries WHERE drive = :drive AND parent = :parent AND name_key = :name_key AND until IS NULL""")


def open_entry(transaction: Transaction, drive: Drive, parent: int, name: str, name_key: str, node: int) -> None:
    """From this revision on, `node` is called `name` in `parent`."""
    transaction.session.do(
        _OPEN, drive=drive.id, parent=parent, name=name, name_key=name_key, node=node, revision=drive.revision
    )
    touch(transaction, drive, parent, transaction.now_ms)


def close_entry(transaction: Transaction, drive: Drive, parent: int, node: int) -> None:
    """From this revision on, `node` has no name; all below it goes with it."""
    transaction.session.do(_CLOSE, drive=drive.id, node=node, revision=drive.revision)
    touch(transaction, drive, parent, transaction.now_ms)


def create_node(
    transaction: Transaction, drive: Drive, kind: int, *, created_ms: int | None = None, modified_ms: int | None = None
) -> int:
    """A new identity without a name yet; its id. Times are unix ms, by default now."""
    node, now = transaction.new_node(drive), transaction.now_ms
    transaction.session.do(
        _NEW_NODE,
        drive=drive.id,
        id=node,
        kind=kind,
        created_ms=now if created_ms is None else created_ms,
        modified_ms=now if modified_ms is None else modified_ms,
    )
    return node


def touch(transaction: Transaction, drive: Drive, node: int, modified_ms: int) -> None:
    """Set a collection's modification time."""
    transaction.session.do(_TOUCH, drive=drive.id, id=node, modified_ms=modified_ms)


def set_created(transaction: Transaction, drive: Drive, node: int, created_ms: int) -> None:
    """Set a node's creation time."""
    transaction.session.do(_SET_CREATED, drive=drive.id, id=node, created_ms=created_ms)


def live_node(session: Session, drive: Drive, parent: int, name_key: str) -> int | None:
    """The node that has that name key in `parent` now."""
    found: int | None = session.value(_SIBLING, drive=drive.id, parent=parent, name_key=name_key)
    return found
