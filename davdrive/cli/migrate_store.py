"""`davdrive migrate-store`: to another database, to another object store."""

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import STATEMENT_S, make_patient_backend
from davdrive.cli.places import open_place
from davdrive.cli.progress import progress
from davdrive.drive.open import open_database
from davdrive.errors import BadRequest
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.settings.explain import mask_url
from davdrive.upkeep.migrating import migrate_store


@click.command("migrate-store", short_help="Move to another database or object store.")
@click.option(
    "--to-metadata", metavar="URL", help="An empty database: postgresql+psycopg://user@host/name, sqlite:///…"
)
@click.option("--to-objects", metavar="URL", help="A folder, or s3://bucket/prefix.")
@click.option("--to-endpoint-url", metavar="URL", help="The S3 service of --to-objects, where it is not Amazon's own.")
@shown.as_json
@common
def command(
    settings: Settings,
    to_metadata: str | None,
    to_objects: str | None,
    to_endpoint_url: str | None,
    json_lines: bool,
) -> None:
    """Copy the metadata to another database and the objects to another store. What is here stays as it is.

    Stop every server first. To keep the pause short, copy --to-objects while they still serve, stop them, and run it
    again: only what is new is copied then.
    """
    if to_metadata is None and to_objects is None:
        raise BadRequest("say where to: --to-metadata, --to-objects, or both")
    store = None if to_objects is None else open_place(settings, to_objects, to_endpoint_url)
    database = None if to_metadata is None else _open(to_metadata)
    with progress(quiet=json_lines) as bar:
        done = migrate_store(make_patient_backend(settings), database, store, bar.stage)
    if json_lines:
        shown.line(rows=done.rows, objects=done.objects)
        return
    click.echo(f"{done.rows:,} rows and {done.objects:,} objects are copied. Settings from now on:")
    for option, value in (("metadata", to_metadata), ("objects", to_objects)):
        if value is not None:
            click.echo(f"  {option}.url = {mask_url(value)}")
    if to_endpoint_url is not None:
        click.echo(f"  objects.endpoint_url = {to_endpoint_url}")
    click.echo("Then davdrive check --read-data looks whether all is there.")


def _open(url: str) -> Database:
    return open_database(DatabaseOptions(url, statement_s=STATEMENT_S))
