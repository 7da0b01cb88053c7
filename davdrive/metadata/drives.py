"""Drives: finding one, taking its writer lock, its counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from davdrive.errors import AlreadyExists, NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.session import Question, Row, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import OWNER

_FACTS = """drives.id, drives.name, drives.name_key, drives.case_insensitive, drives.quota_bytes, drives.used_bytes,
    drives.retention_s, drives.revision, drives.next_node"""
_HAS = """EXISTS (SELECT 1 FROM locks l WHERE l.drive = drives.id),
    EXISTS (SELECT 1 FROM properties p WHERE p.drive = drives.id)"""
COLUMNS = _FACTS + ", {GREATEST}(drives.time_ms, {NOW_MS}), {LOCK_MS}, " + _HAS
SEEN = """(CAST(:user AS BIGINT) IS NULL OR EXISTS (
    SELECT 1 FROM members m WHERE m.drive = drives.id AND m."user" = :user))"""
"""Whether the caller may know of the drive. It stands where a drive is looked up, so that one which is not to be seen
takes as long as one which is not there, and no stranger ever holds its writer lock."""
ROLE = '(SELECT m.role FROM members m WHERE m.drive = drives.id AND m."user" = :user)'

_FIND = Statement(f"SELECT {COLUMNS}, {ROLE} FROM drives WHERE name_key = :name_key AND {SEEN}")
_TAKE = Statement(f"""
    UPDATE drives SET revision = revision + 1, time_ms = {{GREATEST}}(time_ms, {{NOW_MS}})
    WHERE name_key = :name_key AND {SEEN} RETURNING {_FACTS}, time_ms, {{TAKEN_LOCK_MS}}""")
_TAKE_ALONE = Statement(f"""
    UPDATE drives SET revision = revision + 1, time_ms = {{GREATEST}}(time_ms, {{NOW_MS}})
    WHERE name_key = :name_key AND {SEEN} RETURNING {_FACTS}, time_ms, {{TAKEN_LOCK_MS}}, {_HAS}, {ROLE}""")
"""For SQLite, where who writes is alone."""
# Two statements for PostgreSQL: while the first one waits for its turn, others commit, and PostgreSQL looks at rows of
# other tables as they were before the waiting began.
_TAKEN = Statement(f"SELECT {_HAS}, {ROLE}, {{NOW_MS}} - time_ms FROM drives WHERE name_key = :name_key")
LATE_MS = 100
"""How old a drive's clock may be when its writer lock was got. PostgreSQL reads the clock again after it waited for a
change that took place, but not after one that was refused or broke off: a lock would be granted for what was left."""
_CATCH_UP = Statement("""
    UPDATE drives SET time_ms = {GREATEST}(time_ms, {NOW_MS}) WHERE name_key = :name_key RETURNING time_ms""")
_COUNT = Statement("UPDATE drives SET used_bytes = used_bytes + :bytes, next_node = :next_node WHERE id = :drive")
_VISIBLE = Statement(f"""
    SELECT {COLUMNS}, m.role FROM drives JOIN members m ON m.drive = drives.id
    WHERE m."user" = :user ORDER BY drives.name_key""")
_ALL = Statement(f"SELECT {COLUMNS}, {OWNER} FROM drives ORDER BY name_key")
_CREATE = Statement("""
    INSERT INTO drives (name, name_key, case_insensitive, quota_bytes, used_bytes, retention_s, revision, next_node,
                        time_ms, created_ms)
    VALUES (:name, :name_key, :case_insensitive, :quota_bytes, 0, :retention_s, 0, 2, {NOW_MS}, {NOW_MS})
    ON CONFLICT (name_key) DO NOTHING RETURNING id""")
_CREATE_ROOT = Statement("""
    INSERT INTO nodes (drive, id, kind, created_ms, modified_ms) VALUES (:drive, 1, 0, {NOW_MS}, {NOW_MS})""")
_HOLD = Statement("SELECT id FROM drives WHERE id = :drive {FOR_UPDATE}")
_HOLD_NAMED = Statement(f"SELECT id FROM drives WHERE name_key = :name_key AND {SEEN} {{FOR_UPDATE}}")
_HOLD_ALL_OF = Statement("""
    SELECT id FROM drives WHERE id IN (SELECT drive FROM members WHERE "user" = :user)
    ORDER BY name_key {FOR_UPDATE}""")
_SET_QUOTA = Statement("UPDATE drives SET quota_bytes = :quota_bytes WHERE id = :drive")
_SET_RETENTION = Statement("UPDATE drives SET retention_s = :retention_s WHERE id = :drive")


@dataclass(slots=True)
class Drive:
    """A drive as one transaction or read sees it.

    `role` is the caller's. `time_ms` is the drive's clock: the database's time, which never goes back. `lock_ms` is the
    time by which its locks expire (`davdrive.metadata.steady`). `has_locks`, `has_properties`: whether there is any row
    at all, expired locks too; mostly there is none.
    """

    id: int
    name: str
    name_key: str
    case_insensitive: int
    quota_bytes: int | None
    used_bytes: int
    retention_s: int | None
    revision: int
    next_node: int
    time_ms: int
    lock_ms: int
    has_locks: bool
    has_properties: bool
    role: int

    @classmethod
    def of(cls, row: Sequence[Any], caller: Caller) -> "Drive":
        return cls(*(*row[:-1], OWNER if caller.is_system else row[-1] or 0))


def find_drive(session: Session, name_key: str, caller: Caller) -> Drive:
    """The drive as it is now. Errors: NotFound, also when the caller has no role on it."""
    return _visible(session.row(_FIND, name_key=name_key, user=caller.user), caller, name_key)


def ask_drive(name_key: str, caller: Caller) -> Question:
    """The question of `find_drive`."""
    return _FIND, {"name_key": name_key, "user": caller.user}


def take_drives(session: Session, name_keys: Sequence[str], caller: Caller) -> list[Drive | None]:
    """Take the writer locks of drives in this order, and draw the next revision of each (DESIGN §2). None: there is no
    such drive, or the caller has no role on it."""
    if session.dialect == "sqlite":
        rows = [session.row(_TAKE_ALONE, name_key=key, user=caller.user) for key in name_keys]
    else:
        rows = _take_in_turn(session, name_keys, caller)
    return [_seen(row, caller) for row in rows]


def _take_in_turn(session: Session, name_keys: Sequence[str], caller: Caller) -> list[Row | None]:
    takes: list[Question] = [(_TAKE, {"name_key": key, "user": caller.user}) for key in name_keys]
    states: list[Question] = [(_TAKEN, {"name_key": key, "user": caller.user}) for key in name_keys]
    found = session.gather([*takes, *states])
    both = zip(name_keys, found[: len(takes)], found[len(takes) :], strict=True)
    return [_on_time(session, key, taken[0], state[0]) if taken else None for key, taken, state in both]


def _on_time(session: Session, name_key: str, taken: Row, state: Row) -> Row:
    """The row of a drive whose writer lock is held, by a clock that is not older than `LATE_MS`."""
    *facts, time_ms, _ = taken
    if state[-1] > LATE_MS:
        session.forget()  # some of what was asked ahead was judged by the old time
        time_ms = session.value(_CATCH_UP, name_key=name_key)
    return (*facts, time_ms, time_ms, *state[:-1])


def _visible(row: Row | None, caller: Caller, name_key: str) -> Drive:
    drive = _seen(row, caller)
    if drive is None:
        raise unseen(name_key)
    return drive


def _seen(row: Row | None, caller: Caller) -> Drive | None:
    drive = None if row is None else Drive.of(row, caller)
    return drive if drive is not None and drive.role else None


def unseen(name_key: str) -> NotFound:
    """The same words for a drive that is not there and one that is none of the caller's business."""
    return NotFound(f"there is no drive {name_key!r}, or you are not a member of it")


def visible_drives(session: Session, caller: Caller) -> list[Drive]:
    """Every drive that the caller is a member of, by name."""
    rows = session.rows(_ALL) if caller.is_system else session.rows(_VISIBLE, user=caller.user)
    return [Drive.of(row, caller) for row in rows]


def count(session: Session, drive: Drive, used_bytes: int) -> None:
    """Store what a transaction allocated: `used_bytes` more (or fewer) bytes, and the node ids it took."""
    session.do(_COUNT, drive=drive.id, bytes=used_bytes, next_node=drive.next_node)


def create_drive(
    session: Session, name: str, key: str, *, case_insensitive: bool, quota_bytes: int | None, retention_s: int | None
) -> int:
    """Make an empty drive; its id. Errors: AlreadyExists."""
    drive: int | None = session.value(
        _CREATE,
        name=name,
        name_key=key,
        case_insensitive=int(case_insensitive),
        quota_bytes=quota_bytes,
        retention_s=retention_s,
    )
    if drive is None:
        raise AlreadyExists(f"there is a drive {name!r} already")
    session.do(_CREATE_ROOT, drive=drive)
    return drive


def hold_drive(session: Session, drive: int) -> None:
    """Take the drive's writer lock without drawing a revision: what is about to change is no change of the tree, but a
    transaction that writes to the drive must not be under way while it does."""
    session.row(_HOLD, drive=drive)


def hold_drive_named(session: Session, name_key: str, caller: Caller) -> None:
    """The same for a drive that is known by its name. Errors: NotFound where it is none of the caller's business."""
    if session.row(_HOLD_NAMED, name_key=name_key, user=caller.user) is None:
        raise unseen(name_key)


def hold_drives_of(session: Session, user: int) -> None:
    """The same for every drive that the user is a member of."""
    session.rows(_HOLD_ALL_OF, user=user)


def set_quota(session: Session, drive: int, quota_bytes: int | None) -> None:
    """`None`: no limit."""
    session.do(_SET_QUOTA, drive=drive, quota_bytes=quota_bytes)


def set_retention(session: Session, drive: int, retention_s: int | None) -> None:
    """How long ended rows are kept, in seconds. `None`: the server's default."""
    session.do(_SET_RETENTION, drive=drive, retention_s=retention_s)
