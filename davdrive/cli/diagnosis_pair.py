"""For `davdrive doctor`: whether the metadata and the objects of a configuration belong together."""

from dataclasses import dataclass, replace

from davdrive.cli.wiring import database_options, object_options
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import found_revision, newest_revision
from davdrive.objects.base import ObjectStore
from davdrive.objects.open import open_objects
from davdrive.settings import Settings
from davdrive.upkeep.pairing import FOREIGN, Standing, look, objection

TOGETHER = "the metadata and the objects belong together"
NOT_YET = "the objects have no mark of the metadata yet; the next davdrive serve makes it"


@dataclass(frozen=True, slots=True)
class PairFound:
    """What there is to say, and what speaks against their belonging together."""

    said: str
    against: str = ""


def examine_pair(settings: Settings) -> PairFound:
    """Look at both and change nothing. Errors: those of opening either."""
    store = open_objects(settings.objects.url, object_options(settings))
    try:
        options = replace(database_options(settings), read_only=True)
        found = found_revision(options)
        return _of_tables(options, store) if found == newest_revision() else _without_tables(store, found)
    finally:
        store.close()


def _of_tables(options: DatabaseOptions, store: ObjectStore) -> PairFound:
    database = Database(options)
    try:
        together = look(database, store).standing is Standing.TOGETHER
        return PairFound(TOGETHER if together else NOT_YET, objection(database, store))
    finally:
        database.close()


def _without_tables(store: ObjectStore, schema: str) -> PairFound:
    """A database that was made just now is nobody's; one of another version cannot be asked."""
    is_another = not schema and store.read_mark() is not None
    return PairFound(NOT_YET, FOREIGN if is_another else "")
