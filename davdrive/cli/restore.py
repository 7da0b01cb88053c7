"""`davdrive restore`: a backup into an empty data directory or database."""

import sys

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_fresh_backend
from davdrive.cli.places import endpoint_option, open_place
from davdrive.cli.progress import progress
from davdrive.cli.stopping import gently
from davdrive.upkeep.backup.restoring import restore


@click.command("restore", short_help="Restore a backup, and verify it.")
@click.argument("place", metavar="FOLDER|URL")
@click.option("--number", type=int, metavar="N", help="Which backup (davdrive backup --list); the newest without it.")
@endpoint_option
@shown.as_json
@common
def command(settings: Settings, place: str, number: int | None, endpoint_url: str | None, json_lines: bool) -> None:
    """Restore a backup, and verify every byte of it. The data directory, or database and store, must be empty.

    If it is interrupted, run it again: what was copied stays.
    """
    store = open_place(settings, place, endpoint_url, must_exist=True)
    with gently("what was copied stays; run it again to go on") as asked, progress(quiet=json_lines) as bar:
        done = restore(make_fresh_backend(settings), store, asked.between(bar.stage), number)
    if json_lines:
        shown.line(
            number=done.manifest.number,
            rows=done.rows,
            copied=done.copied,
            findings=[finding.message for finding in done.findings],
        )
    else:
        made = shown.moment(done.manifest.made_ms)
        rows, objects = shown.counted(done.rows, "row"), shown.counted(done.copied, "object")
        click.echo(f"backup {done.manifest.number} of {made} is restored: {rows}, {objects}")
        for finding in done.findings:
            click.echo(shown.printable(f"{finding.promise}: {finding.message}"))
    if done.findings:
        sys.exit(1)
    if not json_lines:
        click.echo("every byte was read and is what was stored")
