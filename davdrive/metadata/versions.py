"""Versions: which content a file had, from when until when."""

from davdrive.metadata.drives import Drive
from davdrive.metadata.statement import Statement
from davdrive.metadata.transaction import Transaction

_OPEN = Statement("""
    INSERT INTO versions (drive, node, content, size, etag, media_type, modified_ms, author, since)
    VALUES (:drive, :node, :content, :size, :etag, :media_type, :modified_ms, :author, :revision)""")
_CLOSE = Statement("UPDATE versions SET until = :revision WHERE drive = :drive AND node = :node AND until IS NULL")
_SET_MODIFIED = Statement("""
    UPDATE versions SET modified_ms = :modified_ms WHERE drive = :drive AND node = :node AND until IS NULL""")
# No EXISTS: PostgreSQL might answer it for one row by reading all commits of all drives.
_REPLACE = Statement("""
    UPDATE versions SET until = :revision, draft = CASE WHEN size = 0 AND author = :author
        AND (SELECT c.time_ms FROM commits c WHERE c.drive = versions.drive AND c.revision = versions.since)
            >= :after_ms THEN 1 ELSE 0 END
    WHERE drive = :drive AND node = :node AND until IS NULL""")


def open_version(
    transaction: Transaction,
    drive: Drive,
    node: int,
    *,
    content: int,
    size: int,
    etag: str,
    media_type: str | None,
    modified_ms: int,
) -> None:
    """From this revision on, `node` has `content`, written by the caller. Its bytes are charged to the drive."""
    transaction.session.do(
        _OPEN,
        drive=drive.id,
        node=node,
        content=content,
        size=size,
        etag=etag,
        media_type=media_type,
        modified_ms=modified_ms,
        author=transaction.caller.name,
        revision=drive.revision,
    )
    transaction.charge(drive, size)


def close_version(transaction: Transaction, drive: Drive, node: int) -> None:
    """End the node's current version; it becomes history."""
    transaction.session.do(_CLOSE, drive=drive.id, node=node, revision=drive.revision)


def set_modified(transaction: Transaction, drive: Drive, node: int, modified_ms: int) -> None:
    """Set the current version's modification time."""
    transaction.session.do(_SET_MODIFIED, drive=drive.id, node=node, modified_ms=modified_ms)


def replace_version(transaction: Transaction, drive: Drive, node: int, after_ms: int) -> None:
    """End the current version, which its author or another writes anew. If it is empty, the caller's own and younger
    than `after_ms`, it is shown to nobody who asks for versions: Windows, davfs2 and Finder begin a save with an empty
    file. It stays in the history, because who reads the drive as of that moment still needs it."""
    where = {"drive": drive.id, "node": node, "author": transaction.caller.name, "revision": drive.revision}
    transaction.session.do(_REPLACE, **where, after_ms=after_ms)
