"""`davdrive drive`: trees of files, their members, quotas and retention."""

from functools import partial

import click

from davdrive.cli import shown
from davdrive.cli.accounts import RESERVED, ROLE_NAMES, ROLES, held_user, require_drive
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_known_database
from davdrive.cli.wiring import make_database
from davdrive.drive.names import check_name, name_key
from davdrive.errors import BadRequest
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import Drive, create_drive, hold_drive, set_quota, set_retention, visible_drives
from davdrive.metadata.session import Session
from davdrive.metadata.users import drive_members, grant, revoke

MOST_DAYS = 36_500
"""The longest retention that can be set: a hundred years."""
MOST_DIGITS = 20
MOST_BYTES = 2**63 - 1
"""The largest quota that can be set."""
WithMembers = tuple[Drive, list[tuple[str, int]]]
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@click.group("drive")
def command() -> None:
    """Make and list drives, share them, bound them."""


@command.command("create", short_help="Make an empty drive.")
@click.argument("name")
@click.option("--case-insensitive", is_flag=True, help="Names that differ in case alone are the same.")
@common
def create(settings: Settings, name: str, case_insensitive: bool) -> None:
    """Make an empty drive; give it to somebody with davdrive drive grant."""
    key = name_key(check_name(name))
    if name.lower() in RESERVED:
        raise BadRequest(f"{name!r} is a reserved word; choose another name")

    make_database(settings).write(
        lambda session: create_drive(
            session, name, key, case_insensitive=case_insensitive, quota_bytes=None, retention_s=None
        )
    )
    click.echo(shown.printable(f"the drive /{name}/ is made; nobody is a member yet"))


@command.command("list")
@shown.as_json
@common
def list_drives(settings: Settings, json_lines: bool) -> None:
    """Show every drive with its members."""
    database = make_known_database(settings)
    drives = database.read(lambda session: visible_drives(session, SYSTEM))
    every = [(drive, database.read(partial(drive_members, drive=drive.id))) for drive in drives]
    nothing = "there is no drive; davdrive drive create NAME makes one"
    shown.listing(every, json_lines, _print_line, _row, nothing)


def _row(found: WithMembers) -> list[str]:
    drive, members = found
    quota = "no quota" if drive.quota_bytes is None else f"of {shown.size(drive.quota_bytes)}"
    roles = ", ".join(f"{name} ({ROLE_NAMES[role]})" for name, role in members) or "nobody"
    return [f"/{drive.name}/", shown.size(drive.used_bytes), quota, f"members: {roles}"]


def _print_line(found: WithMembers) -> None:
    drive, members = found
    roles = {name: ROLE_NAMES[role] for name, role in members}
    shown.line(name=drive.name, used=drive.used_bytes, quota=drive.quota_bytes, members=roles)


@command.command("grant")
@click.argument("drive")
@click.argument("user")
@click.argument("role", type=click.Choice([*ROLES, "none"]))
@common
def grant_role(settings: Settings, drive: str, user: str, role: str) -> None:
    """Give a user a role on a drive: viewer, editor, owner, or none."""
    make_known_database(settings).write(lambda session: give_role(session, drive, user, role))
    click.echo(shown.printable(f"{user} is {'no member' if role == 'none' else role} of /{drive}/ now"))


def give_role(session: Session, drive: str, user: str, role: str) -> None:
    """Make a user a `viewer`, an `editor` or an `owner` of a drive, or no member (`none`). Errors: NotFound."""
    where = require_drive(session, drive).id
    hold_drive(session, where)  # so that whoever loses a role has no write under way when this is done
    who = held_user(session, user).id
    if role == "none":
        revoke(session, where, who)
    else:
        grant(session, where, who, ROLES[role])


@command.command("quota")
@click.argument("drive")
@click.argument("size")
@common
def quota(settings: Settings, drive: str, size: str) -> None:
    """Bound what a drive stores: 500M, 20G, or none. Old versions and the trash count."""
    limit = None if size == "none" else parse_size(size)
    make_known_database(settings).write(lambda session: set_quota(session, require_drive(session, drive).id, limit))
    click.echo(f"/{drive}/ may store {'any amount' if limit is None else f'{limit:,} bytes'}")


@command.command("retention", short_help="How long old versions and deleted files are kept.")
@click.argument("drive")
@click.argument("days")
@common
def retention(settings: Settings, drive: str, days: str) -> None:
    """How many days old versions and deleted files are kept, or default."""
    seconds = None if days == "default" else parse_days(days) * 86_400
    database = make_known_database(settings)
    database.write(lambda session: set_retention(session, require_drive(session, drive).id, seconds))
    click.echo(f"/{drive}/ keeps history for {'the default time' if seconds is None else f'{days} days'}")


def parse_days(text: str) -> int:
    """Errors: BadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_DAYS)) and int(text) <= MOST_DAYS):
        raise BadRequest(f"say a number of days, at most {MOST_DAYS:,}, or default")
    return int(text)


def parse_size(text: str) -> int:
    """Bytes of `500M`. Errors: BadRequest."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not (number.isascii() and number.isdigit() and len(number) < MOST_DIGITS) or unit not in _UNITS:
        raise BadRequest(f"{text!r} is no size; write 500M, 20G or a number of bytes")
    if int(number) * _UNITS[unit] > MOST_BYTES:
        raise BadRequest(f"{text} is more than a database can count; write none for no quota")
    return int(number) * _UNITS[unit]
