"""Filling a data directory faster than over HTTP: many files in one transaction, before a server starts."""

from collections.abc import Iterable
from pathlib import Path

from davdrive.drive.lock import EMPTY_SHA256
from davdrive.drive.names import DrivePath, name_key
from davdrive.drive.open import open_backend
from davdrive.drive.places import find_place, path_keys
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.contents import insert_content
from davdrive.metadata.entries import create_node, open_entry
from davdrive.metadata.tables import COLLECTION, FILE
from davdrive.metadata.transaction import Change, Transaction, transact
from davdrive.metadata.versions import open_version


def seed_files(data_dir: Path, drive: str, collection: str, names: Iterable[str], body: bytes = b"") -> None:
    """Make a collection in a drive, with files of those names and that content."""
    path = DrivePath(drive, (collection,))

    def work(transaction: Transaction) -> None:
        place = find_place(transaction, transaction.drive, path)
        parent = create_node(transaction, transaction.drive, COLLECTION)
        open_entry(transaction, transaction.drive, place.parent().node, collection, name_key(collection), parent)
        for name in names:
            _file(transaction, parent, name, body)

    backend = open_backend(data_dir)
    try:
        transact(backend.database, Change("put", SYSTEM, path_keys(path).drive, path=str(path)), work)
    finally:
        backend.close()


def _file(transaction: Transaction, parent: int, name: str, body: bytes) -> None:
    drive, session = transaction.drive, transaction.session
    node = create_node(transaction, drive, FILE)
    open_entry(transaction, drive, parent, name, name_key(name), node)
    content = insert_content(session, size=len(body), sha256=EMPTY_SHA256, digests={}, inline=body, segments=())
    open_version(
        transaction, drive, node, content=content, size=len(body), etag=f"seed{node}", media_type=None,
        modified_ms=transaction.now_ms,
    )  # fmt: skip
