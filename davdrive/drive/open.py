"""Opening a backend from a data directory or from settings, ready to use."""

import contextlib
from pathlib import Path

from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.names import check_name, name_key
from davdrive.errors import AlreadyExists
from davdrive.metadata.database import Database
from davdrive.metadata.drives import create_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.observer import Observer
from davdrive.metadata.session import Session
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from davdrive.settings.folders import DATABASE_FILE, OBJECTS_FOLDER


def sqlite_url(data_dir: Path) -> str:
    """The metadata of a data directory."""
    return f"sqlite:///{data_dir.resolve() / DATABASE_FILE}"


def open_database(options: DatabaseOptions, observer: Observer | None = None) -> Database:
    """Migrate and open. Errors: BadRequest, Unavailable."""
    migrate(options)
    return Database(options, observer)


def open_backend(data_dir: Path, limits: DriveLimits | None = None) -> Backend:
    """SQLite and local objects in one folder."""
    database = open_database(DatabaseOptions(sqlite_url(data_dir)))
    return Backend(database, ContentStore(LocalStore(data_dir / OBJECTS_FOLDER)), limits or DriveLimits())


def ensure_drive(backend: Backend, name: str) -> None:
    """Make a drive unless there is one of that name. Errors: BadName."""
    key = name_key(check_name(name))

    def work(session: Session) -> None:
        with contextlib.suppress(AlreadyExists):
            create_drive(session, name, key, case_insensitive=False, quota_bytes=None, retention_s=None)

    backend.database.write(work)
