"""Looking whether a change could happen, without taking a lock."""

from functools import partial

from davdrive.drive.ahead import place_and_locks
from davdrive.drive.backend import Backend
from davdrive.drive.conditions import Conditions
from davdrive.drive.names import DrivePath
from davdrive.drive.places import Glance, path_keys
from davdrive.errors import NotFound
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import Drive, find_drive
from davdrive.metadata.session import Session


def glance_at(
    backend: Backend, session: Session, caller: Caller, path: DrivePath, conditions: Conditions
) -> tuple[Glance, Drive]:
    """The drive of a path, with what judging a change there will ask on its way. Errors: NotFound."""
    key, familiar = path_keys(path).drive, backend.database.familiar
    if familiar.has((key,), caller):
        session.foresee(partial(place_and_locks, path, conditions))
    try:
        drive = find_drive(session, key, caller)
    except NotFound:
        familiar.met(key, caller, let_in=False)
        raise
    familiar.met(key, caller, let_in=True)
    return Glance(session, caller, drive.time_ms), drive
