"""`davdrive user`: people who may come in."""

import sys

import click

from davdrive.cli import shown
from davdrive.cli.accounts import add_user, held_user, remove_for_good, stored_password
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_known_database
from davdrive.cli.wiring import digest_secret, make_database, make_passwords
from davdrive.errors import BadRequest
from davdrive.metadata.session import Session
from davdrive.metadata.users import User, all_users, set_password


@click.group("user")
def command() -> None:
    """Add, list, remove users; change passwords."""


def read_password(from_stdin: bool) -> str:
    """One line of standard input, or asked for twice on a terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadRequest("there is no terminal to ask for the password on; use --password-stdin")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@command.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--admin", is_flag=True, help="May ask for profiles and metrics.")
@common
def add(settings: Settings, name: str, password_stdin: bool, admin: bool) -> None:
    """Make a user, and a drive of the same name."""
    password = read_password(password_stdin)
    database = make_database(settings)
    digest = digest_secret(settings, name, password)
    add_user(database, make_passwords(settings), name, password, administrator=admin, digest_ha1=digest)
    click.echo(shown.printable(f"{name} can come in now; the drive is /{name}/"))


@command.command("list")
@shown.as_json
@common
def list_users(settings: Settings, json_lines: bool) -> None:
    """Show every user."""
    users = make_known_database(settings).read(all_users)
    shown.listing(users, json_lines, _print_line, _row, "there is no user; davdrive user add NAME makes one")


def _row(user: User) -> list[str]:
    return [user.name, "administrator" if user.administrator else ""]


def _print_line(user: User) -> None:
    shown.line(name=user.name, administrator=bool(user.administrator), created=shown.iso(user.created_ms))


@command.command("passwd")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
def passwd(settings: Settings, name: str, password_stdin: bool) -> None:
    """Change a password; the old one is refused from then on."""
    password = read_password(password_stdin)
    hashed = stored_password(make_passwords(settings), password)

    def work(session: Session) -> None:
        user = held_user(session, name)
        set_password(session, user.id, hashed, digest_secret(settings, user.name, password))

    make_known_database(settings).write(work)
    click.echo(f"the password of {shown.printable(name)} is changed")


@command.command("remove")
@click.argument("name")
@common
def remove(settings: Settings, name: str) -> None:
    """Remove a user. Drives stay; davdrive drive grant gives them to somebody else."""
    make_known_database(settings).write(lambda session: remove_for_good(session, name))
    click.echo(shown.printable(f"{name} is removed; the drive /{name}/ stays"))
