"""`davdrive app-password`: a secret of its own for each device, which can be taken away alone."""

import secrets
import time

import click

from davdrive.cli import shown
from davdrive.cli.accounts import held_user, require_user
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_known_database
from davdrive.cli.wiring import make_passwords
from davdrive.errors import NotFound
from davdrive.metadata.session import Session
from davdrive.metadata.url import is_sqlite
from davdrive.metadata.users import (
    AppPassword,
    add_app_password,
    app_passwords,
    remove_app_password,
    set_app_password_hash,
)

SECRET_BYTES = 18
"""Random bytes of a secret: 24 characters to type, far beyond guessing."""

DAY_MS = 86_400_000

MOST_DAYS = 36_500
"""The longest that a password may be said to last: a hundred years, which a calendar can still show."""


@click.group("app-password")
def command() -> None:
    """Give each device a password of its own."""


@command.command("add")
@click.argument("user")
@click.argument("label")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), metavar="N", help="Refuse it after N days.")
@common
def add(settings: Settings, user: str, label: str, days: int | None) -> None:
    """Make a password for one device of USER and print it once. LABEL says which: laptop, phone."""
    passwords, database = make_passwords(settings), make_known_database(settings)
    expires_ms = None if days is None else int(time.time() * 1000) + days * DAY_MS
    random_part = secrets.token_urlsafe(SECRET_BYTES)

    def work(session: Session) -> str:
        identity = add_app_password(session, held_user(session, user).id, label, "", expires_ms)
        secret = f"{identity}-{random_part}"
        set_app_password_hash(session, identity, passwords.hash(secret))
        return secret

    secret = database.write(work)
    click.echo(secret)
    click.echo(f"This is shown once. {user} signs in with it on: {shown.printable(label)}", err=True)


@command.command("list", short_help="Show the devices that have a password.")
@click.argument("user")
@shown.as_json
@common
def list_passwords(settings: Settings, user: str, json_lines: bool) -> None:
    """Show the devices of USER that have a password; the secrets themselves are known to nobody."""
    database = make_known_database(settings)
    found = database.read(lambda session: app_passwords(session, require_user(session, user).id))
    nothing = f"{user} has no app password; davdrive app-password add {user} LABEL makes one"
    shown.listing(found, json_lines, _print_line, _row, nothing)


def _row(found: AppPassword) -> list[str]:
    ends = "does not expire" if found.expires_ms is None else f"until {shown.moment(found.expires_ms)}"
    return [str(found.id), f"since {shown.moment(found.created_ms)}", ends, found.label]


def _print_line(found: AppPassword) -> None:
    created, expires = shown.iso(found.created_ms), shown.iso(found.expires_ms)
    shown.line(id=found.id, label=found.label, created=created, expires=expires)


@command.command("remove", short_help="Take the password of a device away.")
@click.argument("user")
@click.argument("number", type=shown.NUMBER)
@common
def remove(settings: Settings, user: str, number: int) -> None:
    """Take away the password that davdrive app-password list shows under NUMBER."""

    def work(session: Session) -> bool:
        return remove_app_password(session, require_user(session, user).id, number)

    if not make_known_database(settings).write(work):
        raise NotFound(f"{user} has no app password {number}; davdrive app-password list {user} shows them")
    click.echo(shown.printable(f"the app password {number} of {user} is removed, and refused {heeded(settings)}"))


def heeded(settings: Settings) -> str:
    """When the servers heed a change of passwords."""
    known_s = 0 if is_sqlite(settings.metadata.url) else settings.auth.known_s
    return f"within {known_s:g} seconds" if known_s else "from now on"
