"""Which files a damaged content or object belongs to: what a person needs to know of a finding."""

from collections.abc import Callable
from typing import TypeVar

from davdrive.drive.backend import Backend
from davdrive.metadata.auditing import Use
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import Drive, visible_drives
from davdrive.metadata.history import names_at
from davdrive.metadata.session import Session
from davdrive.metadata.tables import ROOT

MOST_NAMED = 5
"""Files that one finding names; a content may be shared by thousands of copies."""

Key = TypeVar("Key")


def users_of(backend: Backend, uses: Callable[[Session, Key, int], list[Use]], key: Key) -> str:
    """The files that need what `key` names, in words; empty when no version needs it."""

    def look(session: Session) -> list[str]:
        drives = {drive.id: drive for drive in visible_drives(session, SYSTEM)}
        return [_words(session, drives[use.drive], use) for use in uses(session, key, MOST_NAMED + 1)]

    found = backend.database.read(look)
    more = ", and more" if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more


def _words(session: Session, drive: Drive, use: Use) -> str:
    top, names = names_at(session, drive.id, use.node, drive.revision)
    if top != ROOT:
        return f"a deleted file (node {use.node} of the drive {drive.name})"
    path = "/" + "/".join((drive.name, *names))
    return path if use.until is None else f"an old version of {path}"
