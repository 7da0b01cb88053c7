"""`davdrive migrate-store`: to another database, to another object store."""

import sys

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend, make_patient_database
from davdrive.cli.places import called, open_place
from davdrive.cli.progress import progress
from davdrive.cli.stopping import gently
from davdrive.cli.wiring import database_options
from davdrive.errors import BadRequest, Unavailable
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.in_use import in_use
from davdrive.settings.explain import mask_url
from davdrive.upkeep.migrating import Migrated, migrate_store

ENDED = "nothing was switched over; objects that were copied stay, run it again"


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
    """Copy the metadata to another database and the objects to another store, and verify every byte there. What is
    here stays as it is; but a store that both databases know then is that one's on which a server starts first.

    Stop every server first. To keep the pause short, copy --to-objects while they still serve, stop them, and run it
    again: only what is new is copied then.
    """
    if to_metadata is None and to_objects is None:
        raise BadRequest("say where to: --to-metadata, --to-objects, or both")
    if to_metadata is not None and in_use(database_options(settings)):
        raise Unavailable("a server or another command has this database open; stop it, then run this again")
    source = make_patient_backend(settings)
    store = None if to_objects is None else open_place(settings, to_objects, to_endpoint_url)
    with called("metadata.url", "--to-metadata"):
        database = None if to_metadata is None else make_patient_database(DatabaseOptions(to_metadata))
    with gently(ENDED) as asked, progress(quiet=json_lines) as bar:
        done = migrate_store(source, database, store, asked.between(bar.stage))
    _tell(done, to_metadata, to_objects, to_endpoint_url, json_lines)
    if done.findings:
        sys.exit(1)


def _tell(
    done: Migrated, to_metadata: str | None, to_objects: str | None, to_endpoint_url: str | None, json_lines: bool
) -> None:
    if json_lines:
        shown.line(rows=done.rows, objects=done.objects, findings=[finding.message for finding in done.findings])
        return
    for finding in done.findings:
        click.echo(shown.printable(f"{finding.promise}: {finding.message}"))
    objects = shown.counted(done.objects, "object")
    if to_metadata is None:
        click.echo(f"Copied: {objects}. Stop the servers, run it once more, and from then on set:")
    else:
        click.echo(f"Copied: {shown.counted(done.rows, 'row')}, {objects}. Settings from now on:")
    for option, value in (("metadata", to_metadata), ("objects", to_objects)):
        if value is not None:
            click.echo(f"  {option}.url = {mask_url(value)}")
    if to_endpoint_url is not None:
        click.echo(f"  objects.endpoint_url = {to_endpoint_url}")
    if to_metadata is not None and not done.findings:
        click.echo("Every byte was read there and is what was stored.")
