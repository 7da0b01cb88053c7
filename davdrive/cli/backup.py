"""`davdrive backup`: everything into a folder or a bucket, while the server goes on."""

import sys

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.places import endpoint_option, open_place
from davdrive.cli.progress import progress
from davdrive.cli.stopping import gently
from davdrive.objects.base import ObjectStore
from davdrive.upkeep.backup.making import Made, back_up
from davdrive.upkeep.backup.manifest import manifests
from davdrive.upkeep.backup.restoring import verify_backup

ENDED = "no backup was made, those before are as they were; what was copied helps the next one"


@click.command("backup", short_help="Back up everything while people write.")
@click.argument("place", metavar="FOLDER|URL")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Afterwards remove all but the newest N backups.")
@click.option("--despite-damage", is_flag=True, help="If stored bytes are missing, back up the rest; remove nothing.")
@click.option("--verify", is_flag=True, help="Read every byte of a backup that is there, and make none.")
@click.option("--number", type=int, metavar="N", help="Which one to verify (--list shows them); the newest without it.")
@click.option("--list", "only_list", is_flag=True, help="Show the backups that are there, and make none.")
@endpoint_option
@shown.as_json
@common
def command(
    settings: Settings,
    place: str,
    keep: int | None,
    despite_damage: bool,
    verify: bool,
    number: int | None,
    only_list: bool,
    endpoint_url: str | None,
    json_lines: bool,
) -> None:
    """Back up everything (drives, users, history) into a folder or s3://bucket/prefix, consistent while people write.

    The second backup into the same place copies only what is new. The place holds nothing but the backups of this
    davdrive. Objects are copied as they are: --verify reads them back.
    """
    if only_list:
        _list(open_place(settings, place, endpoint_url, must_exist=True), json_lines)
    elif verify:
        _verify(open_place(settings, place, endpoint_url, must_exist=True), number, json_lines)
    else:
        backend = make_patient_backend(settings)
        store = open_place(settings, place, endpoint_url)
        with gently(ENDED) as asked, progress(quiet=json_lines) as bar:
            made = back_up(backend, store, asked.between(bar.stage), keep=keep, despite_damage=despite_damage)
        _tell(made, json_lines)
        if made.lost:
            sys.exit(1)


def _verify(store: ObjectStore, number: int | None, json_lines: bool) -> None:
    with gently("it was not read to its end") as asked, progress(quiet=json_lines) as bar:
        manifest, findings = verify_backup(store, asked.between(bar.stage), number)
    if json_lines:
        shown.line(number=manifest.number, findings=[finding.message for finding in findings])
    for finding in () if json_lines else findings:
        click.echo(shown.printable(f"{finding.promise}: {finding.message}"))
    if findings:
        sys.exit(1)
    if not json_lines:
        click.echo(f"backup {manifest.number} of {shown.moment(manifest.made_ms)}: every byte is what was stored")


def _tell(made: Made, json_lines: bool) -> None:
    manifest = made.manifest
    if json_lines:
        shown.line(
            number=manifest.number,
            objects=manifest.objects,
            bytes=manifest.bytes,
            copied=made.copied,
            copied_bytes=made.copied_bytes,
            removed_backups=made.removed_backups,
            lost=made.lost,
        )
        return
    objects = shown.counted(manifest.objects, "object")
    click.echo(
        f"backup {manifest.number} is made: {objects} ({shown.size(manifest.bytes)}), "
        f"{made.copied:,} of them copied now ({shown.size(made.copied_bytes)})"
    )
    for files in made.lost:
        click.echo(shown.printable(f"bytes are missing of {files}"))
    if made.removed_backups:
        gone = shown.counted(made.removed_backups, "older backup")
        click.echo(f"{gone} removed, and {shown.counted(made.removed_objects, 'object')} that nothing needs any more")


def _list(store: ObjectStore, json_lines: bool) -> None:
    for each in manifests(store):
        made = shown.iso(each.made_ms)
        if json_lines:
            shown.line(number=each.number, made=made, version=each.version, objects=each.objects, bytes=each.bytes)
        else:
            click.echo(f"{each.number:>6}  {shown.moment(each.made_ms)}  {shown.size(each.bytes)}")
