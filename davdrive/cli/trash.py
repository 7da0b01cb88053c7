"""`davdrive trash`: what was deleted, and how to have it back."""

import click

from davdrive.cli import shown
from davdrive.cli.accounts import require_drive
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.wiring.upkeep import upkeep_options
from davdrive.drive.backend import Backend
from davdrive.drive.restore import restore_deleted
from davdrive.drive.trash import TrashItem, list_trash
from davdrive.metadata.caller import SYSTEM
from davdrive.upkeep.emptying import SETTLE_S, Emptying, empty_trash
from davdrive.upkeep.options import BYTES


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
    items = list_trash(_backend(settings, drive), SYSTEM, drive)
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


def _backend(settings: Settings, drive: str) -> Backend:
    """Errors: NotFound for a drive that is not there."""
    backend = make_patient_backend(settings)
    backend.database.read(lambda session: require_drive(session, drive))
    return backend


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


@command.command("restore", short_help="Bring back what was deleted.")
@click.argument("drive")
@click.argument("number", type=shown.NUMBER)
@click.option("--to", "target", metavar="PATH", help="Where to put it, as /DRIVE/folder/name.")
@common
def restore(settings: Settings, drive: str, number: int, target: str | None) -> None:
    """Bring back what davdrive trash list shows under NUMBER, with all that was in it."""
    place = None if target is None else shown.drive_path(target)
    path = restore_deleted(_backend(settings, drive), SYSTEM, drive, number, place)
    click.echo(f"{shown.printable(str(path))} is back")


@command.command("empty")
@click.argument("drive")
@click.option("--versions", is_flag=True, help="Forget the old versions of files as well.")
@click.option("--now", is_flag=True, help="Also what was deleted in the last minutes; a listing under way may miss it.")
@common
def empty(settings: Settings, drive: str, versions: bool, now: bool) -> None:
    """Forget what was deleted from DRIVE for good. Its bytes no longer count; the disk is freed by upkeep."""
    wanted = Emptying(versions, 0 if now else SETTLE_S)
    backend = _backend(settings, drive)
    tally = empty_trash(backend, drive, wanted, upkeep_options(settings))
    click.echo(f"/{drive}/ counts {shown.size(tally.counts.get(BYTES, 0))} less")
    left = next(list_trash(backend, SYSTEM, drive), None)
    if left is not None:
        click.echo(f"what was deleted in the last {SETTLE_S // 60} minutes stays; --now forgets that too")
