"""`davdrive uploads`: what arrives in parts and is not a file yet."""

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_known_database, make_patient_backend
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.find import UploadRef, path_of
from davdrive.errors import Conflict, Gone, NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.uploads import Upload, all_uploads


@click.group("uploads")
def command() -> None:
    """See unfinished uploads, and drop what nobody will continue."""


@command.command("list")
@shown.as_json
@common
def list_all(settings: Settings, json_lines: bool) -> None:
    """Show every unfinished upload, the longest idle first. The word in front is for davdrive uploads drop."""
    found = make_known_database(settings).read(all_uploads)
    shown.listing(found, json_lines, _print_line, _row, "nothing is being uploaded")


def _goal(drive: str, upload: Upload) -> str:
    """Where it goes, or what the client calls it as long as nobody said."""
    return str(path_of(upload)) if upload.path else f"/{drive}/ as {upload.name or 'a file'}"


def _row(found: tuple[str, Upload]) -> list[str]:
    drive, upload = found
    total = "" if upload.total is None else f" of {shown.size(upload.total)}"
    came = f"{shown.size(upload.received)}{total}"
    return [upload.id, upload.principal, came, f"last {shown.moment(upload.active_ms)}", _goal(drive, upload)]


def _print_line(found: tuple[str, Upload]) -> None:
    drive, upload = found
    shown.line(
        id=upload.id,
        drive=drive,
        user=upload.principal,
        path=str(path_of(upload)) if upload.path else None,
        name=upload.name,
        received=upload.received,
        total=upload.total,
        parts=upload.parts,
        begun=shown.iso(upload.created_ms),
        active=shown.iso(upload.active_ms),
    )


# Ids of before begin with any letter, a hyphen too.
@command.command("drop", short_help="Give unfinished uploads up.", context_settings={"ignore_unknown_options": True})
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--user", metavar="USER", help="All of this user.")
@click.option("--all", "everything", is_flag=True, help="Every one.")
@common
def drop(settings: Settings, ids: tuple[str, ...], user: str | None, everything: bool) -> None:
    """Give unfinished uploads up; their bytes no longer count, and the client has to begin anew."""
    backend = make_patient_backend(settings)
    found = [upload for _, upload in backend.database.read(all_uploads)]
    chosen = [each for each in found if everything or each.principal == user or each.id in ids]
    missing = set(ids) - {each.id for each in found}
    if missing or not (ids or user or everything):
        raise NotFound(f"name unfinished uploads as davdrive uploads list shows them{_those(missing)}")
    for each in chosen:
        try:
            abort(backend, SYSTEM, UploadRef("", id=each.id))
        except (Conflict, Gone, NotFound) as error:
            click.echo(shown.printable(f"{each.id} is not dropped: {error}"))
        else:
            click.echo(f"{each.id} of {shown.printable(each.principal)} is dropped")


def _those(missing: set[str]) -> str:
    return f"; there is no {', '.join(map(shown.printable, sorted(missing)))}" if missing else ""
