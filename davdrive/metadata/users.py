"""Users, their app passwords, and their roles on drives."""

from typing import NamedTuple

from davdrive.errors import AlreadyExists
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement

_DEVICES = """
    (SELECT COALESCE({STRING_AGG}(a.password_hash, ' '), '') FROM app_passwords a
     WHERE a."user" = users.id AND (a.expires_ms IS NULL OR a.expires_ms > {NOW_MS}))"""
_FIELDS = f"id, name, password_hash, digest_ha1, administrator, created_ms, {_DEVICES}"
_FIND = Statement(f"SELECT {_FIELDS} FROM users WHERE name_key = :name_key")
_HOLD = Statement(f"SELECT {_FIELDS} FROM users WHERE name_key = :name_key {{FOR_UPDATE}}")
_ALL = Statement(f"SELECT {_FIELDS} FROM users ORDER BY name_key")
_CREATE = Statement("""
    INSERT INTO users (name, name_key, password_hash, digest_ha1, administrator, created_ms)
    VALUES (:name, :name_key, :password_hash, :digest_ha1, :administrator, {NOW_MS})
    ON CONFLICT (name_key) DO NOTHING RETURNING id""")
_SET_PASSWORD = Statement("""
    UPDATE users SET password_hash = :password_hash, digest_ha1 = :digest_ha1 WHERE id = :user""")
_RENEW_PASSWORD = Statement("""
    UPDATE users SET password_hash = :fresh WHERE id = :user AND password_hash = :stored""")
_REMOVE = Statement("DELETE FROM users WHERE id = :user")
_APP_PASSWORDS = Statement("""
    SELECT id, label, password_hash, created_ms, expires_ms FROM app_passwords
    WHERE "user" = :user AND (expires_ms IS NULL OR expires_ms > {NOW_MS}) ORDER BY id""")
_ADD_APP_PASSWORD = Statement("""
    INSERT INTO app_passwords ("user", label, password_hash, created_ms, expires_ms)
    VALUES (:user, :label, :password_hash, {NOW_MS}, :expires_ms) RETURNING id""")
_SET_APP_PASSWORD = Statement("UPDATE app_passwords SET password_hash = :password_hash WHERE id = :id")
_REMOVE_APP_PASSWORD = Statement('DELETE FROM app_passwords WHERE id = :id AND "user" = :user')
_GRANT = Statement("""
    INSERT INTO members (drive, "user", role) VALUES (:drive, :user, :role)
    ON CONFLICT (drive, "user") DO UPDATE SET role = excluded.role""")
_REVOKE = Statement('DELETE FROM members WHERE drive = :drive AND "user" = :user')
_MEMBERS = Statement("""
    SELECT u.name, m.role FROM members m JOIN users u ON u.id = m."user" WHERE m.drive = :drive ORDER BY u.name_key""")
_SECRET = Statement("SELECT value FROM secrets WHERE name = :name")
_KEEP_SECRET = Statement("INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_FAILURES = Statement("SELECT count, last_ms FROM failures WHERE key = :key {FOR_UPDATE}")
_FIRST_FAILURE = Statement("""
    INSERT INTO failures (key, count, last_ms) VALUES (:key, 0, 0) ON CONFLICT (key) DO NOTHING""")
_SET_FAILURES = Statement("""
    INSERT INTO failures (key, count, last_ms) VALUES (:key, :count, :last_ms)
    ON CONFLICT (key) DO UPDATE SET count = excluded.count, last_ms = excluded.last_ms""")
_CLEAR_FAILURES = Statement("DELETE FROM failures WHERE key = :key")
_FORGET_FAILURES = Statement("DELETE FROM failures WHERE last_ms < :before_ms")


class User(NamedTuple):
    """A user. `digest_ha1` is kept only where Digest is on. `devices` are the hashes of the app passwords that have
    not expired."""

    id: int
    name: str
    password_hash: str
    digest_ha1: str | None
    administrator: int
    created_ms: int
    devices: str


class AppPassword(NamedTuple):
    """A secret for one device. `expires_ms` None: never."""

    id: int
    label: str
    password_hash: str
    created_ms: int
    expires_ms: int | None


def find_user(session: Session, name_key: str) -> User | None:
    """The user with that name."""
    row = session.row(_FIND, name_key=name_key)
    return None if row is None else User._make(row)


def hold_user(session: Session, name_key: str) -> User | None:
    """The same, and nobody removes or changes the user before this transaction is over."""
    row = session.row(_HOLD, name_key=name_key)
    return None if row is None else User._make(row)


def all_users(session: Session) -> list[User]:
    """Every user, by name."""
    return [User._make(row) for row in session.rows(_ALL)]


def create_user(
    session: Session, name: str, name_key: str, password_hash: str, *, digest_ha1: str | None, administrator: bool
) -> int:
    """Make a user; the id. Errors: AlreadyExists."""
    user: int | None = session.value(
        _CREATE,
        name=name,
        name_key=name_key,
        password_hash=password_hash,
        digest_ha1=digest_ha1,
        administrator=int(administrator),
    )
    if user is None:
        raise AlreadyExists(f"there is a user {name!r} already; davdrive user passwd changes the password")
    return user


def set_password(session: Session, user: int, password_hash: str, digest_ha1: str | None) -> None:
    """Replace the password."""
    session.do(_SET_PASSWORD, user=user, password_hash=password_hash, digest_ha1=digest_ha1)


def renew_hash(session: Session, user: int, stored: str, fresh: str) -> None:
    """Keep another hash of the same password, unless the password was changed meanwhile."""
    session.do(_RENEW_PASSWORD, user=user, stored=stored, fresh=fresh)


def remove_user(session: Session, user: int) -> None:
    """Remove the user with memberships and app passwords; the drives stay."""
    session.do(_REMOVE, user=user)


def app_passwords(session: Session, user: int) -> list[AppPassword]:
    """The user's app passwords that have not expired."""
    return [AppPassword._make(row) for row in session.rows(_APP_PASSWORDS, user=user)]


def add_app_password(session: Session, user: int, label: str, password_hash: str, expires_ms: int | None) -> int:
    """Keep a new one; its id."""
    added: int = session.value(
        _ADD_APP_PASSWORD, user=user, label=label, password_hash=password_hash, expires_ms=expires_ms
    )
    return added


def set_app_password_hash(session: Session, identity: int, password_hash: str) -> None:
    """Set what `add_app_password` could not know: the secret begins with the id of its own row."""
    session.do(_SET_APP_PASSWORD, id=identity, password_hash=password_hash)


def remove_app_password(session: Session, user: int, identity: int) -> bool:
    """Whether there was one."""
    return session.run(_REMOVE_APP_PASSWORD, id=identity, user=user) > 0


def grant(session: Session, drive: int, user: int, role: int) -> None:
    """Give a user a role on a drive, instead of the one that was."""
    session.do(_GRANT, drive=drive, user=user, role=role)


def revoke(session: Session, drive: int, user: int) -> None:
    """Take a user's role away."""
    session.do(_REVOKE, drive=drive, user=user)


def drive_members(session: Session, drive: int) -> list[tuple[str, int]]:
    """The names and roles of a drive's members."""
    return [(name, role) for name, role in session.rows(_MEMBERS, drive=drive)]


def secret(session: Session, name: str, fresh: bytes) -> bytes:
    """The server secret of that name; `fresh` becomes it where there is none. Call it in a writing transaction."""
    session.do(_KEEP_SECRET, name=name, value=fresh)
    return bytes(session.value(_SECRET, name=name))


def failures_of(session: Session, key: str) -> tuple[int, int]:
    """How many attempts failed for a key, and the unix ms of the last; the row is locked, so that two first attempts
    at a time count as two."""
    session.do(_FIRST_FAILURE, key=key)
    count, last_ms = session.row(_FAILURES, key=key) or (0, 0)
    return count, last_ms


def set_failures(session: Session, key: str, count: int, last_ms: int) -> None:
    """Keep a key's failures; with a count of 0 forget them."""
    if count:
        session.do(_SET_FAILURES, key=key, count=count, last_ms=last_ms)
    else:
        session.do(_CLEAR_FAILURES, key=key)


def forget_failures(session: Session, before_ms: int) -> int:
    """Drop the failures older than a time; how many."""
    return session.run(_FORGET_FAILURES, before_ms=before_ms)
