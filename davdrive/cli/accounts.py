"""Making and changing users and drives, for the commands."""

from davdrive.auth.passwords import Passwords
from davdrive.cli.shown import drive_path
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath, check_name, name_key
from davdrive.errors import AlreadyExists, BadRequest, NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import Drive, create_drive, find_drive, hold_drives_of
from davdrive.metadata.session import Session
from davdrive.metadata.tables import EDITOR, OWNER, VIEWER
from davdrive.metadata.users import User, create_user, find_user, grant, hold_user, remove_user

ROLES = {"viewer": VIEWER, "editor": EDITOR, "owner": OWNER}
ROLE_NAMES = {number: name for name, number in ROLES.items()}
RESERVED = {"-", "remote.php", ".well-known", "robots.txt", "favicon.ico"}
"""Names at the top that are no drives."""


def add_user(
    database: Database,
    passwords: Passwords,
    name: str,
    password: str,
    *,
    administrator: bool = False,
    digest_ha1: str | None = None,
) -> None:
    """Make a user and the drive of the same name. Errors: BadName, BadRequest, AlreadyExists."""
    key, hashed = user_key(name), stored_password(passwords, password)

    def work(session: Session) -> None:
        user = create_user(session, name, key, hashed, digest_ha1=digest_ha1, administrator=administrator)
        grant(session, _own_drive(session, name, key), user, OWNER)

    database.write(work)


def stored_password(passwords: Passwords, password: str) -> str:
    """What is kept of a password. Errors: BadRequest for none, or one that is too long."""
    if not password:
        raise BadRequest("the password is empty")
    try:
        return passwords.hash(password)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _own_drive(session: Session, name: str, key: str) -> int:
    try:
        return create_drive(session, name, key, case_insensitive=False, quota_bytes=None, retention_s=None)
    except AlreadyExists:
        return find_drive(session, key, SYSTEM).id


def user_key(name: str) -> str:
    """The key of a user's name. Errors: BadName; BadRequest for a name that cannot be one."""
    check_name(name)
    if name.lower() in RESERVED or ":" in name or "\\" in name:
        raise BadRequest(f"{name!r} cannot be a user: choose a name without : and \\ that is no reserved word")
    return name_key(name)


def require_user(session: Session, name: str) -> User:
    """Errors: NotFound."""
    user = find_user(session, name_key(name))
    if user is None:
        raise NotFound(f"there is no user {name!r}; davdrive user list shows them")
    return user


def held_user(session: Session, name: str) -> User:
    """The same, whom nobody removes before this transaction is over. Errors: NotFound."""
    user = hold_user(session, name_key(name))
    return user or require_user(session, name)


def remove_for_good(session: Session, name: str) -> None:
    """Remove a user, once none of the user's writes is under way. Errors: NotFound."""
    hold_drives_of(session, require_user(session, name).id)
    user = held_user(session, name).id
    hold_drives_of(session, user)  # once more: of those that the user came to while the others were waited for
    remove_user(session, user)


def known_path(backend: Backend, text: str) -> DrivePath:
    """`/bob/letters/a.txt` as a path in a drive that is there. Errors: BadRequest, BadName, NotFound."""
    place = drive_path(text)
    backend.database.read(lambda session: require_drive(session, place.drive))
    return place


def require_drive(session: Session, name: str) -> Drive:
    """Errors: NotFound."""
    try:
        return find_drive(session, name_key(name), SYSTEM)
    except NotFound:
        raise NotFound(f"there is no drive {name!r}; davdrive drive list shows them") from None
