"""`davdrive lock`: who holds what, and a way out when a holder is gone."""

from collections.abc import Sequence

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_known_database
from davdrive.errors import NotFound
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import Drive, hold_drive, visible_drives
from davdrive.metadata.locks import Lock, all_locks, remove_lock
from davdrive.metadata.session import Session


@click.group("lock")
def command() -> None:
    """See locks, and break one whose holder is gone."""


@command.command("list")
@shown.as_json
@common
def list_locks(settings: Settings, json_lines: bool) -> None:
    """Show every lock that has not expired."""

    def look(session: Session) -> tuple[list[Lock], dict[int, str]]:
        # The locks first: every drive that they are on is there afterwards.
        return all_locks(session), {drive.id: drive.name for drive in visible_drives(session, SYSTEM)}

    locks, names = make_known_database(settings).read(look)
    found = [(names[lock.drive], lock) for lock in locks]
    shown.listing(found, json_lines, _print_line, _row, "nothing is locked")


def _path(drive: str, lock: Lock) -> str:
    return f"/{drive}{lock.path}"


def _row(found: tuple[str, Lock]) -> list[str]:
    drive, lock = found
    kind = ("exclusive" if lock.exclusive else "shared") + (" with all below" if lock.infinite else "")
    return [lock.token, lock.principal, kind, f"until {shown.moment(lock.expires_ms)}", _path(drive, lock)]


def _print_line(found: tuple[str, Lock]) -> None:
    drive, lock = found
    shown.line(
        token=lock.token,
        path=_path(drive, lock),
        holder=lock.principal,
        exclusive=bool(lock.exclusive),
        infinite=bool(lock.infinite),
        expires=shown.iso(lock.expires_ms),
    )


@command.command("break", short_help="Remove a lock by its token or path.")
@click.argument("what", metavar="TOKEN|PATH")
@common
def break_lock(settings: Settings, what: str) -> None:
    """Remove a lock by its token, or the locks on exactly that path (/DRIVE/folder/file).

    Its holder is told at the next write, which fails: unsaved work may be lost. Ask first.
    """

    broken = make_known_database(settings).write(lambda session: break_locks(session, what))
    if not broken:
        raise NotFound(f"there is no lock {what!r}; davdrive lock list shows them")
    for lock in broken:
        click.echo(f"the lock of {shown.printable(lock.principal)} is broken")


def break_locks(session: Session, what: str) -> list[Lock]:
    """Remove the lock with the token `what`, or those on the path `what`; which they were."""
    locks, drives = all_locks(session), visible_drives(session, SYSTEM)
    concerned = {lock.drive for lock in _those(what, locks, drives)}
    for drive in drives:
        if drive.id in concerned:
            hold_drive(session, drive.id)
    # Looked for once more: while one waited for the drives, another may have released or taken them.
    found = [lock for lock in _those(what, all_locks(session), drives) if lock.drive in concerned]
    for lock in found:
        remove_lock(session, lock.token)
    return found


def _those(what: str, locks: Sequence[Lock], drives: Sequence[Drive]) -> list[Lock]:
    names = {drive.id: drive.name for drive in drives}
    return [
        lock for lock in locks if what == lock.token or what.rstrip("/") == _path(names[lock.drive], lock).rstrip("/")
    ]
