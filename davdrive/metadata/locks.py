"""Locks: rows with an expiry. Expired ones count for nothing and are swept when something is locked nearby."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_FIELDS = """token, drive, path, path_key, node, exclusive, infinite, owner_xml, principal, timeout_s, created_ms,
    expires_ms"""
_COVERING = Statement(f"""
    SELECT {_FIELDS} FROM locks WHERE drive = :drive AND expires_ms > :now_ms
        AND path_key IN (SELECT value FROM {{TEXTS}})""")
_WITHIN = Statement(f"""
    SELECT {_FIELDS} FROM locks WHERE drive = :drive AND expires_ms > :now_ms
        AND path_key >= :first AND path_key < :last ORDER BY path_key LIMIT :most""")
_ANY = Statement("SELECT 1 FROM locks WHERE drive = :drive LIMIT 1")
_FIND = Statement(f"SELECT {_FIELDS} FROM locks WHERE token = :token AND drive = :drive")
_INSERT = Statement(f"""
    INSERT INTO locks ({_FIELDS}) VALUES (:token, :drive, :path, :path_key, :node, :exclusive, :infinite, :owner_xml,
        :principal, :timeout_s, :created_ms, :expires_ms)""")
_REFRESH = Statement("UPDATE locks SET timeout_s = :timeout_s, expires_ms = :expires_ms WHERE token = :token")
_REMOVE = Statement("DELETE FROM locks WHERE token = :token")
_REMOVE_WITHIN = Statement("""
    DELETE FROM locks WHERE drive = :drive AND (path_key = :path_key OR (path_key >= :first AND path_key < :last))""")
_SWEEP = Statement("DELETE FROM locks WHERE drive = :drive AND expires_ms < :before_ms")
_COUNT = Statement("SELECT count(*) FROM locks WHERE drive = :drive AND expires_ms > :now_ms")
_ALL = Statement(f"SELECT {_FIELDS} FROM locks WHERE expires_ms > {{NOW_MS}} ORDER BY drive, path_key")


class Lock(NamedTuple):
    """A lock (RFC 4918 §6). `path` and `path_key` begin with `/` and are below the drive's root (`/` is the root);
    times are unix ms, `timeout_s` what was granted."""

    token: str
    drive: int
    path: str
    path_key: str
    node: int
    exclusive: int
    infinite: int
    owner_xml: str | None
    principal: str
    timeout_s: int
    created_ms: int
    expires_ms: int

    @property
    def names(self) -> tuple[str, ...]:
        """The lock root as names below the drive's root."""
        return tuple(name for name in self.path.split("/") if name)


def path_key(keys: Sequence[str]) -> str:
    """The key of a path below the drive's root."""
    return "/" + "/".join(keys)


def below(key: str) -> tuple[str, str]:
    """The range of path keys strictly below `key`: from the first, up to but without the last."""
    prefix = key if key.endswith("/") else key + "/"
    return prefix if prefix != "/" else "/\x01", prefix[:-1] + "0"


def any_locks(session: Session, drive: int) -> bool:
    """Whether the drive has any lock row at all; mostly it has none."""
    return session.row(_ANY, drive=drive) is not None


def locks_on(session: Session, drive: int, keys: Sequence[str], now_ms: int) -> list[Lock]:
    """The unexpired locks whose root is one of these path keys."""
    return [
        Lock._make(row) for row in session.rows(_COVERING, drive=drive, texts=json.dumps(list(keys)), now_ms=now_ms)
    ]


def locks_below(session: Session, drive: int, key: str, now_ms: int, most: int) -> list[Lock]:
    """The unexpired locks whose root is strictly below the path key, at most `most` of them."""
    first, last = below(key)
    return [
        Lock._make(row) for row in session.rows(_WITHIN, drive=drive, first=first, last=last, now_ms=now_ms, most=most)
    ]


def find_lock(session: Session, drive: int, token: str) -> Lock | None:
    """The lock with that token, expired or not."""
    row = session.row(_FIND, token=token, drive=drive)
    return None if row is None else Lock._make(row)


def insert_lock(session: Session, lock: Lock) -> None:
    """Store a lock that was found compatible in this transaction."""
    session.run(_INSERT, **lock._asdict())


def refresh_lock(session: Session, token: str, timeout_s: int, expires_ms: int) -> None:
    """Give a lock a new expiry."""
    session.run(_REFRESH, token=token, timeout_s=timeout_s, expires_ms=expires_ms)


def remove_lock(session: Session, token: str) -> None:
    """Remove a lock; nothing happens if it is gone."""
    session.run(_REMOVE, token=token)


def remove_locks_within(session: Session, drive: int, key: str) -> None:
    """Remove every lock on a path and below it: what they locked was deleted or moved away."""
    first, last = below(key)
    session.run(_REMOVE_WITHIN, drive=drive, path_key=key, first=first, last=last)


def sweep_locks(session: Session, drive: int, before_ms: int) -> None:
    """Forget locks that expired before a time."""
    session.run(_SWEEP, drive=drive, before_ms=before_ms)


def count_locks(session: Session, drive: int, now_ms: int) -> int:
    """How many unexpired locks the drive has."""
    found: int = session.value(_COUNT, drive=drive, now_ms=now_ms)
    return found


def all_locks(session: Session) -> list[Lock]:
    """Every unexpired lock of every drive, for the command line."""
    return [Lock._make(row) for row in session.rows(_ALL)]
