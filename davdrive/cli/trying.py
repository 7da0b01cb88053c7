"""Trying the object store before a server begins: what somebody has to mend is said now, not to the first upload."""

from davdrive.cli.main import Settings
from davdrive.cli.wiring import object_options
from davdrive.errors import DriveError, Misconfigured
from davdrive.metadata.database import Database
from davdrive.objects.open import open_objects
from davdrive.observe.logs import get_logger
from davdrive.settings.explain import mask_url
from davdrive.upkeep.pairing import settle

LOG = get_logger("davdrive.serve")


def place_of_objects(settings: Settings) -> str:
    """Where the objects are, as an administrator knows it."""
    chosen = settings.objects
    by = f" by {mask_url(chosen.endpoint_url)}" if chosen.endpoint_url else ""
    return f"{mask_url(chosen.url)}{by if chosen.url.startswith('s3:') else ''}"


def try_objects(settings: Settings, database: Database) -> None:
    """Write, read and delete a small object, and see that the store is this database's (`upkeep/pairing.py`).

    Errors: Misconfigured. A store that is away or full is only logged: names, listings and small files need none, and
    it may be back before somebody asks.
    """
    try:
        store = open_objects(settings.objects.url, object_options(settings))
        try:
            store.check()
            settle(database, store)
        finally:
            store.close()
    except Misconfigured as error:
        raise Misconfigured(f"objects at {place_of_objects(settings)}: {error}") from error
    except DriveError as error:
        LOG.warning("the object store cannot be used now", objects=place_of_objects(settings), why=str(error))
