"""Locks: rows with an expiry. Expired ones count for nothing and are swept when something is locked nearby."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from davdrive.metadata.session import Question, Session
from davdrive.metadata.statement import Statement

_FIELDS = """token, drive, path, path_key, node, exclusive, infinite, owner_xml, principal, timeout_s, created_ms,
    expires_ms, revision"""
_LOCK_FIELDS = ", ".join(f"locks.{each.strip()}" for each in _FIELDS.split(","))
# By the drive's name, and with a path's keys for drives of both kinds: so they can be asked before anything is known of
# the drive.
_DRIVE = "(SELECT id FROM drives WHERE name_key = :drive_key)"
_COVERING = Statement(f"""
    SELECT {_FIELDS} FROM locks WHERE drive = {_DRIVE} AND expires_ms > :now_ms
        AND path_key IN (SELECT value FROM {{TEXTS}})""")
_WITHIN = Statement(f"""
    SELECT {_LOCK_FIELDS} FROM drives JOIN locks ON locks.drive = drives.id
        AND locks.path_key >= CASE drives.case_insensitive WHEN 1 THEN :first_folded ELSE :first END
        AND locks.path_key < CASE drives.case_insensitive WHEN 1 THEN :last_folded ELSE :last END
    WHERE drives.name_key = :drive_key AND locks.expires_ms > :now_ms ORDER BY locks.path_key LIMIT :most""")
# By the token alone: while the table is small, PostgreSQL would rather look through all locks of the drive.
_FIND = Statement(f"SELECT {_FIELDS} FROM locks WHERE token = :token")
_INSERT = Statement(f"""
    INSERT INTO locks ({_FIELDS}) VALUES (:token, :drive, :path, :path_key, :node, :exclusive, :infinite, :owner_xml,
        :principal, :timeout_s, :created_ms, :expires_ms, :revision)""")
_REFRESH = Statement("""
    UPDATE locks SET timeout_s = :timeout_s, expires_ms = :expires_ms, revision = :revision WHERE token = :token""")
_FILE_CHANGED = Statement("""
    SELECT 1 FROM versions WHERE drive = :drive AND node = :node AND until IS NULL AND since > :revision
        AND author <> :principal""")
# Nobody knows what happened before the audit trail begins.
_DRIVE_CHANGED = Statement("""
    SELECT 1 FROM commits c WHERE c.drive = :drive AND c.revision > :revision AND c.principal <> :principal
        AND c.operation NOT IN ('lock', 'refresh', 'unlock')
    UNION ALL SELECT 1 FROM drives d WHERE d.id = :drive
        AND (SELECT min(c.revision) FROM commits c WHERE c.drive = d.id) > :revision + 1 LIMIT 1""")
_REMOVE = Statement("DELETE FROM locks WHERE token = :token")
_REMOVE_WITHIN = Statement("""
    DELETE FROM locks WHERE drive = :drive AND (path_key = :path_key OR (path_key >= :first AND path_key < :last))""")
_SWEEP = Statement("DELETE FROM locks WHERE drive = :drive AND expires_ms < :before_ms")
_COUNT = Statement(f"""
    SELECT COALESCE(sum(live), 0), COALESCE(sum(live * owner), 0), count(*), COALESCE(sum(owner), 0) FROM (
        SELECT COALESCE(length(owner_xml), 0) AS owner, CASE WHEN expires_ms > (
            SELECT {{TAKEN_LOCK_MS}} FROM drives WHERE name_key = :drive_key) THEN 1 ELSE 0 END AS live
        FROM locks WHERE drive = {_DRIVE}) each""")
_ALL = Statement(f"""
    SELECT {_LOCK_FIELDS} FROM locks JOIN drives ON drives.id = locks.drive WHERE locks.expires_ms > {{LOCK_MS}}
    ORDER BY locks.drive, locks.path_key""")


class Lock(NamedTuple):
    """A lock (RFC 4918 §6). `path` and `path_key` begin with `/` and are below the drive's root (`/` is the root);
    times are ms of the clock of locks (`Drive.lock_ms`), `timeout_s` what was granted, `revision` the drive's when it
    was granted or last renewed."""

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
    revision: int

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


def locks_on(session: Session, drive_key: str, keys: Sequence[str], now_ms: int) -> list[Lock]:
    """The unexpired locks whose root is one of these path keys."""
    statement, parameters = ask_on(drive_key, keys, now_ms)
    return [Lock._make(row) for row in session.rows(statement, **parameters)]


def ask_on(drive_key: str, keys: Sequence[str], now_ms: int) -> Question:
    """The question of `locks_on`; each row of its answer is a `Lock`."""
    return _COVERING, {"drive_key": drive_key, "texts": json.dumps(list(keys)), "now_ms": now_ms}


def locks_below(session: Session, drive_key: str, key: str, folded: str, now_ms: int, most: int) -> list[Lock]:
    """The unexpired locks whose root is strictly below a path, at most `most` of them. `folded`: the path's key on a
    case-insensitive drive, `key` on any other."""
    statement, parameters = ask_below(drive_key, key, folded, now_ms, most)
    return [Lock._make(row) for row in session.rows(statement, **parameters)]


def ask_below(drive_key: str, key: str, folded: str, now_ms: int, most: int) -> Question:
    """The question of `locks_below`; each row of its answer is a `Lock`."""
    (first, last), (first_folded, last_folded) = below(key), below(folded)
    return _WITHIN, {
        "drive_key": drive_key,
        "first": first,
        "last": last,
        "first_folded": first_folded,
        "last_folded": last_folded,
        "now_ms": now_ms,
        "most": most,
    }


def find_lock(session: Session, drive: int, token: str) -> Lock | None:
    """The lock of a drive with that token, expired or not."""
    row = session.row(_FIND, token=token)
    found = None if row is None else Lock._make(row)
    return found if found is not None and found.drive == drive else None


def ask_lock(token: str) -> Question:
    """The question of `find_lock`."""
    return _FIND, {"token": token}


def insert_lock(session: Session, lock: Lock) -> None:
    """Store a lock that was found compatible in this transaction."""
    session.do(_INSERT, **lock._asdict())


def refresh_lock(session: Session, lock: Lock) -> None:
    """Store a lock's new expiry."""
    session.do(_REFRESH, token=lock.token, timeout_s=lock.timeout_s, expires_ms=lock.expires_ms, revision=lock.revision)


def overtaken(session: Session, lock: Lock, is_file: bool) -> bool:
    """Whether somebody else changed what an expired lock had locked, since it was granted or last renewed. Of a
    collection any change of the drive counts: it is rare, and refusing is safe."""
    statement = _FILE_CHANGED if is_file else _DRIVE_CHANGED
    where = {"drive": lock.drive, "revision": lock.revision, "principal": lock.principal}
    return session.row(statement, **where, **({"node": lock.node} if is_file else {})) is not None


def remove_lock(session: Session, token: str) -> None:
    """Remove a lock; nothing happens if it is gone."""
    session.do(_REMOVE, token=token)


def remove_locks_within(session: Session, drive: int, key: str) -> None:
    """Remove every lock on a path and below it: what they locked was deleted or moved away."""
    first, last = below(key)
    session.do(_REMOVE_WITHIN, drive=drive, path_key=key, first=first, last=last)


def sweep_locks(session: Session, drive: int, before_ms: int) -> None:
    """Forget locks that expired before a time."""
    session.do(_SWEEP, drive=drive, before_ms=before_ms)


class LockCount(NamedTuple):
    """How many unexpired locks a drive has, and the characters of their owners in all; the same with expired ones."""

    live: int
    live_owners: int
    every: int
    every_owner: int


def count_locks(session: Session, drive_key: str) -> LockCount:
    """The locks of a drive."""
    statement, parameters = ask_count(drive_key)
    return LockCount._make(map(int, session.row(statement, **parameters) or (0, 0, 0, 0)))


def ask_count(drive_key: str) -> Question:
    """The question of `count_locks`."""
    return _COUNT, {"drive_key": drive_key}


def all_locks(session: Session) -> list[Lock]:
    """Every unexpired lock of every drive, for the command line."""
    return [Lock._make(row) for row in session.rows(_ALL)]
