"""`davdrive backup`: everything into a folder or a bucket, while the server goes on."""

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.places import endpoint_option, open_place
from davdrive.cli.progress import progress
from davdrive.objects.base import ObjectStore
from davdrive.upkeep.backup.making import Made, back_up
from davdrive.upkeep.backup.manifest import manifests
from davdrive.upkeep.backup.pruning import keep_newest


@click.command("backup", short_help="Back up everything while people write.")
@click.argument("place", metavar="FOLDER|URL")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Afterwards remove all but the newest N backups.")
@click.option("--list", "only_list", is_flag=True, help="Show the backups that are there, and make none.")
@endpoint_option
@shown.as_json
@common
def command(
    settings: Settings, place: str, keep: int | None, only_list: bool, endpoint_url: str | None, json_lines: bool
) -> None:
    """Back up everything (drives, users, history) into a folder or s3://bucket/prefix, consistent while people write.

    The second backup into the same place copies only what is new. The place must hold nothing else.
    """
    store = open_place(settings, place, endpoint_url, must_exist=only_list)
    if only_list:
        _list(store, json_lines)
        return
    with progress(quiet=json_lines) as bar:
        made = back_up(make_patient_backend(settings), store, bar.stage)
        removed = (0, 0) if keep is None else keep_newest(store, keep)
    _tell(made, removed, json_lines)


def _tell(made: Made, removed: tuple[int, int], json_lines: bool) -> None:
    manifest = made.manifest
    if json_lines:
        shown.line(
            number=manifest.number,
            objects=manifest.objects,
            bytes=manifest.bytes,
            copied=made.copied,
            copied_bytes=made.copied_bytes,
            removed_backups=removed[0],
        )
        return
    click.echo(
        f"backup {manifest.number} is made: {manifest.objects:,} objects ({shown.size(manifest.bytes)}), "
        f"{made.copied:,} of them copied now ({shown.size(made.copied_bytes)})"
    )
    if removed[0]:
        click.echo(f"{removed[0]} old backups and {removed[1]:,} objects are removed")


def _list(store: ObjectStore, json_lines: bool) -> None:
    for each in manifests(store):
        made = shown.iso(each.made_ms)
        if json_lines:
            shown.line(number=each.number, made=made, version=each.version, objects=each.objects, bytes=each.bytes)
        else:
            click.echo(f"{each.number:>6}  {shown.moment(each.made_ms)}  {shown.size(each.bytes)}")
