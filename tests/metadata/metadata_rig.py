"""Drives with something in them, made by the room's own functions."""

from collections.abc import Callable
from typing import TypeVar

from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.contents import insert_content
from davdrive.metadata.database import Database
from davdrive.metadata.drives import create_drive
from davdrive.metadata.entries import close_entry, create_node, open_entry
from davdrive.metadata.resources import PathKeys, Resource, locate
from davdrive.metadata.tables import COLLECTION, FILE, ROOT
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import close_version, open_version

T = TypeVar("T")


def make_drive(database: Database, name: str = "home", *, folds: bool = False) -> int:
    """An empty drive; its id."""
    return database.write(
        lambda session: create_drive(session, name, name, case_insensitive=folds, quota_bytes=None, retention_s=None)
    )


def change(database: Database, work: Callable[[Transaction], T], drive: str = "home", caller: Caller = SYSTEM) -> T:
    """Run `work` as one change of the drive."""
    return transact(database, Change("test", caller, drive), work)


def add(database: Database, name: str, parent: int = ROOT, data: bytes | None = b"x", drive: str = "home") -> int:
    """A member of `parent`: a file of those bytes, or a collection (None); its node."""

    def work(transaction: Transaction) -> int:
        return add_in(transaction, name, parent, data)

    return change(database, work, drive)


def add_many(database: Database, names: list[str], parent: int = ROOT) -> None:
    """Many files in one change."""

    def work(transaction: Transaction) -> None:
        for name in names:
            add_in(transaction, name, parent, b"x")

    change(database, work)


def add_in(transaction: Transaction, name: str, parent: int, data: bytes | None) -> int:
    node = create_node(transaction, transaction.drive, COLLECTION if data is None else FILE)
    open_entry(transaction, transaction.drive, parent, name, name.casefold(), node)
    if data is not None:
        write_in(transaction, node, data)
    return node


def write_in(transaction: Transaction, node: int, data: bytes) -> None:
    """A new version of a file."""
    content = insert_content(
        transaction.session, size=len(data), sha256=b"s" * 32, digests={"md5": data.hex()}, inline=data, segments=()
    )
    close_version(transaction, transaction.drive, node)
    open_version(
        transaction, transaction.drive, node, content=content, size=len(data), etag=data.hex(), media_type=None,
        modified_ms=transaction.now_ms,
    )  # fmt: skip


def remove(database: Database, node: int, parent: int = ROOT) -> None:
    change(database, lambda transaction: close_entry(transaction, transaction.drive, parent, node))


def keys(*names: str, drive: str = "home") -> PathKeys:
    return PathKeys(drive, names, [name.casefold() for name in names])


def found(database: Database, *names: str) -> Resource:
    """What lives there."""
    return database.read(lambda session: locate(session, keys(*names), SYSTEM))[1]
