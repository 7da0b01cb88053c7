"""`davdrive versions`: what a file held before."""

import click

from davdrive.cli import shown
from davdrive.cli.accounts import known_path
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.drive.restore import restore_version
from davdrive.drive.versions import FileVersion, list_versions
from davdrive.metadata.caller import SYSTEM


@click.command("versions", short_help="Show what a file held before, and have it back.")
@click.argument("path")
@click.option("--restore", "number", type=shown.NUMBER, metavar="NUMBER", help="Make this version the newest one.")
@shown.as_json
@common
def command(settings: Settings, path: str, number: int | None, json_lines: bool) -> None:
    """Show the versions of the file at PATH (/DRIVE/folder/file), the newest first; a file that was deleted too."""
    backend = make_patient_backend(settings)
    place = known_path(backend, path)
    if number is not None:
        restore_version(backend, SYSTEM, place, number)
        click.echo(f"{shown.printable(str(place))} has the content of version {number} again")
        return
    versions = list_versions(backend, SYSTEM, place)
    if json_lines:
        for version in versions:
            _print_line(version)
    else:
        shown.table(_row(version) for version in versions)


def _row(version: FileVersion) -> list[str]:
    stored = shown.moment(version.stored_ms)
    return [str(version.id), stored, version.author, shown.size(version.size), "current" if version.is_current else ""]


def _print_line(version: FileVersion) -> None:
    shown.line(
        id=version.id,
        stored=shown.iso(version.stored_ms),
        modified=shown.iso(version.modified_ms),
        author=version.author,
        size=version.size,
        etag=version.etag,
        current=version.is_current,
    )
