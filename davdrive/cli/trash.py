"""`davdrive trash`: what was deleted, and how to have it back."""

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.wiring import make_backend
from davdrive.drive.restore import restore_deleted
from davdrive.drive.trash import TrashItem, list_trash
from davdrive.metadata.caller import SYSTEM


@click.group("trash")
def command() -> None:
    """List and restore what was deleted."""


@command.command("list")
@click.argument("drive")
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="Show so many, the latest first.")
@shown.as_json
@common
def list_items(settings: Settings, drive: str, most: int, json_lines: bool) -> None:
    """Show what was deleted from DRIVE, the latest first. The number in front is for davdrive trash restore."""
    items = list_trash(make_backend(settings), SYSTEM, drive)
    found = [item for item, _ in zip(items, range(most + 1), strict=False)]
    if json_lines:
        for item in found[:most]:
            _print_line(item)
        return
    shown.table(_row(item) for item in found[:most])
    if not found:
        click.echo(f"the trash of /{drive}/ is empty")
    if len(found) > most:
        click.echo(f"… and more; --most {most * 10} shows them")


def _row(item: TrashItem) -> list[str]:
    path = str(item.path) + ("/" if item.is_collection else "")
    return [str(item.id), shown.moment(item.deleted_ms), item.deleted_by or "", shown.size(item.size), path]


def _print_line(item: TrashItem) -> None:
    shown.line(
        id=item.id,
        path=str(item.path),
        collection=item.is_collection,
        size=item.size,
        deleted=shown.iso(item.deleted_ms),
        by=item.deleted_by,
    )


@command.command("restore")
@click.argument("drive")
@click.argument("number", type=int)
@click.option("--to", "target", metavar="PATH", help="Where to put it, as /DRIVE/folder/name.")
@common
def restore(settings: Settings, drive: str, number: int, target: str | None) -> None:
    """Bring back what davdrive trash list shows under NUMBER, with all that was in it."""
    place = None if target is None else shown.drive_path(target)
    path = restore_deleted(make_backend(settings), SYSTEM, drive, number, place)
    click.echo(f"{shown.printable(str(path))} is back")
