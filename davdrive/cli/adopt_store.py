"""`davdrive adopt-store`: this database and this object store belong together from now on."""

import click

from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.trying import place_of_objects
from davdrive.settings.explain import mask_url
from davdrive.upkeep.pairing import Standing, adopt, look


@click.command("adopt-store", short_help="Say that this database and this object store belong together.")
@common
def command(settings: Settings) -> None:
    """Say that the database and the object store of these settings belong together from now on, whatever they were
    marked as. No other database may use the store, and this one no other store, until somebody says so there.

    For a store whose database is lost, or one that was copied by other means than davdrive's. Look at the settings
    first: what the database does not know, upkeep takes for left over.
    """
    backend = make_patient_backend(settings)
    where = f"{mask_url(settings.metadata.url)} and {place_of_objects(settings)}"
    if look(backend.database, backend.contents.store).standing is Standing.TOGETHER:
        click.echo(f"{where} belong together already")
        return
    adopt(backend.database, backend.contents.store)
    click.echo(f"{where} belong together from now on; davdrive check says whether anything is missing")
