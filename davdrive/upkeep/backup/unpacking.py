"""The metadata of a backup in a passing SQLite file: for looking at a backup, and for one of an older davdrive."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from davdrive.deadline import unlimited
from davdrive.drive.open import open_database, sqlite_url
from davdrive.errors import BadRequest
from davdrive.metadata.auditing import drive_sums
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.dumping import load
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.mending import recount
from davdrive.metadata.migrate import migrate_from, newest_revision
from davdrive.metadata.session import Session
from davdrive.metadata.transaction import Change, transact
from davdrive.objects.content import ContentStore
from davdrive.upkeep.backup.dump_file import unpacked
from davdrive.upkeep.backup.manifest import Manifest, Stored


@contextmanager
def passing_database(files: ContentStore, manifest: Manifest) -> Iterator[Database]:
    """A backup's rows, brought up to the schema of this version. Errors: BadRequest for a newer one, Damaged."""
    if manifest.schema > newest_revision():
        raise BadRequest(f"the backup was made by davdrive {manifest.version}, which is newer; restore it with that")
    with TemporaryDirectory(prefix="davdrive-backup-") as folder:
        options = DatabaseOptions(sqlite_url(Path(folder)), pool_size=8)
        migrate_from(options, manifest.schema)
        # Loaded as it was then: no part of this version may look at it before it is up to date.
        old = Database(options)
        old.write(lambda session: load_rows(session, files, manifest.metadata))
        old.close()
        database = open_database(options)
        try:
            yield database
        finally:
            database.close()


def load_rows(session: Session, files: ContentStore, dump: Stored) -> int:
    """Insert the rows of a dump; how many."""
    with files.read(dump.refs(), 0, dump.size, unlimited()) as blocks:
        return load(session, unpacked(blocks))


def count_again(database: Database) -> None:
    """Unfinished uploads are not in a backup; what they counted has to go."""
    for drive in database.read(drive_sums):
        if drive.used_bytes != drive.stored_bytes:
            transact(database, Change("restore", SYSTEM, drive.name_key), recount)
