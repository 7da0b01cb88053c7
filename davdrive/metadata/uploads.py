"""Uploads that arrive in parts: who sends what where, and how far it came.

Part bytes count as used bytes of their drive, so whoever changes an upload holds its drive's row first (`hold_drive`,
or a transaction's writer lock): the order drive, upload is the same everywhere. No revision is drawn for parts; the
tree changes when an upload completes.
"""

from dataclasses import fields
from typing import NamedTuple

from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import COLUMNS, ROLE, SEEN, Drive
from davdrive.metadata.session import Question, Row, Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ABORTED, COMPLETE, PENDING

_FIELDS = """u.id, u.drive, u.principal, u.name, u.path, u.total, u.details, u.received, u.parts, u.changes, u.state,
    u.result, u.created_ms, u.active_ms"""
_FROM = "FROM uploads u JOIN drives ON drives.id = u.drive"
_SELECT = f"SELECT {COLUMNS}, {ROLE}, {_FIELDS} {_FROM}"
_DRIVE_COLUMNS = len(fields(Drive))

_INSERT = Statement("""
    INSERT INTO uploads (id, drive, principal, name, path, total, details, received, parts, changes, state, created_ms,
                         active_ms)
    VALUES (:id, :drive, :principal, :name, :path, :total, :details, 0, 0, 0, 0, {NOW_MS}, {NOW_MS})""")
# By the id alone: while the table is small, PostgreSQL would rather look through all uploads of the principal.
_FIND = Statement(f"{_SELECT} WHERE u.id = :id")
# A name that was used again means the upload that is pending, or else the one that ended last.
_FIND_NAMED = Statement(f"""
    {_SELECT} WHERE drives.name_key = :drive_key AND u.principal = :principal AND u.name = :name
    ORDER BY CASE u.state WHEN {PENDING} THEN 0 ELSE 1 END, u.active_ms DESC LIMIT 1""")
_OWN = Statement(f"""
    {_SELECT} WHERE drives.name_key = :drive_key AND u.principal = :principal AND u.state = {PENDING}
        AND u.name IS NOT NULL ORDER BY u.name""")
_ALL = Statement(f"SELECT drives.name, {_FIELDS} {_FROM} WHERE u.state = {PENDING} ORDER BY u.active_ms, u.id")
_COUNT = Statement(f"SELECT count(*) FROM uploads WHERE principal = :principal AND state = {PENDING}")
_RECEIVE = Statement(f"""
    UPDATE uploads SET received = received + :bytes, changes = changes + 1, active_ms = {{NOW_MS}},
        parts = CASE state WHEN {PENDING} THEN parts + :parts END WHERE id = :id""")
_SET_STATE = Statement("""
    UPDATE uploads SET state = :after, result = :result, path = :path, active_ms = {NOW_MS}
    WHERE id = :id AND state = :before""")
_HOLD_OF = Statement(f"""
    SELECT id FROM drives WHERE id = (SELECT u.drive FROM uploads u WHERE u.id = :id) AND {SEEN} {{FOR_UPDATE}}""")
_CHARGE = Statement("UPDATE drives SET used_bytes = used_bytes + :bytes WHERE id = :drive")
_IDLE = Statement(f"""
    SELECT id FROM uploads WHERE state = {PENDING} AND active_ms < :before_ms ORDER BY active_ms LIMIT :most""")
_FORGET = Statement(f"""
    DELETE FROM uploads WHERE active_ms < :before_ms AND state IN ({COMPLETE}, {ABORTED})
        AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.upload = uploads.id)""")


class Upload(NamedTuple):
    """An upload. `name` is the client's, for those that are addressed by one; `path`, `details` and `result` are JSON
    of whoever wrote them. Sizes in bytes, times unix ms; `changes` counts every part that came or went."""

    id: str
    drive: int
    principal: str
    name: str | None
    path: str | None
    total: int | None
    details: str | None
    received: int
    parts: int
    changes: int
    state: int
    result: str | None
    created_ms: int
    active_ms: int


class Held(NamedTuple):
    """An upload with its drive, as one transaction or read sees them."""

    drive: Drive
    upload: Upload


def _held(row: Row | None, caller: Caller) -> Held | None:
    if row is None:
        return None
    return Held(Drive.of(row[:_DRIVE_COLUMNS], caller), Upload._make(row[_DRIVE_COLUMNS:]))


def insert_upload(
    session: Session,
    identity: str,
    drive: int,
    principal: str,
    *,
    name: str | None,
    path: str | None,
    total: int | None,
    details: str | None,
) -> None:
    """Begin a pending upload without parts."""
    session.do(
        _INSERT, id=identity, drive=drive, principal=principal, name=name, path=path, total=total, details=details
    )


def find_upload(session: Session, caller: Caller, identity: str) -> Held | None:
    """The caller's upload of that id, in whatever state; the system finds everybody's."""
    statement, parameters = ask_upload(caller, identity)
    held = _held(session.row(statement, **parameters), caller)
    return held if held is not None and (caller.is_system or held.upload.principal == caller.name) else None


def ask_upload(caller: Caller, identity: str) -> Question:
    """The question of `find_upload`."""
    return _FIND, {"id": identity, "user": caller.user}


def find_named_upload(session: Session, caller: Caller, drive_key: str, name: str) -> Held | None:
    """The caller's upload of that name: the pending one, or else the last that ended."""
    statement, parameters = ask_named_upload(caller, drive_key, name)
    return _held(session.row(statement, **parameters), caller)


def ask_named_upload(caller: Caller, drive_key: str, name: str) -> Question:
    """The question of `find_named_upload`."""
    where = {"drive_key": drive_key, "principal": caller.name, "name": name, "user": caller.user}
    return _FIND_NAMED, where


def named_uploads(session: Session, caller: Caller, drive_key: str) -> list[Upload]:
    """The caller's pending uploads that have a name."""
    rows = session.rows(_OWN, drive_key=drive_key, principal=caller.name, user=caller.user)
    return [Upload._make(row[_DRIVE_COLUMNS:]) for row in rows]


def all_uploads(session: Session) -> list[tuple[str, Upload]]:
    """Every pending upload with the name of its drive, the longest idle first; for the command line."""
    return [(row[0], Upload._make(row[1:])) for row in session.rows(_ALL)]


def count_uploads(session: Session, principal: str) -> int:
    """How many pending uploads a principal has."""
    found: int = session.value(_COUNT, principal=principal)
    return found


def ask_uploads(principal: str) -> Question:
    """The question of `count_uploads`."""
    return _COUNT, {"principal": principal}


def hold_drive_of(session: Session, upload: str, caller: Caller) -> bool:
    """Take the writer lock of an upload's drive, as `hold_drive` does. False where it is none of the caller's
    business."""
    return session.row(_HOLD_OF, id=upload, user=caller.user) is not None


def receive(session: Session, upload: Upload, size: int, parts: int) -> None:
    """Account for `size` bytes and `parts` more (or fewer), in the upload and its drive. The upload is pending: whoever
    asks holds the drive's row and has looked. If it were not, the database would refuse a number of parts that is
    null."""
    session.do(_RECEIVE, id=upload.id, bytes=size, parts=parts)
    session.do(_CHARGE, drive=upload.drive, bytes=size)


def uncharge(session: Session, upload: Upload) -> None:
    """Give the drive back what the upload's parts took."""
    session.do(_CHARGE, drive=upload.drive, bytes=-upload.received)


def set_state(session: Session, upload: Upload, after: int, path: str | None, result: str | None = None) -> bool:
    """Compare the state with that of `upload` and set it. False: it was another, and nothing changed."""
    changed = session.run(_SET_STATE, id=upload.id, before=upload.state, after=after, path=path, result=result)
    return changed == 1


def idle_uploads(session: Session, before_ms: int, most: int) -> list[str]:
    """The ids of at most `most` pending uploads that nothing came for since `before_ms`."""
    return [row[0] for row in session.rows(_IDLE, before_ms=before_ms, most=most)]


def forget_ended(session: Session, before_ms: int) -> int:
    """Forget uploads that ended before then; how many."""
    return session.run(_FORGET, before_ms=before_ms)
