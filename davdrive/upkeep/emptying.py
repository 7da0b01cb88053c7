"""Emptying the trash of a drive by hand, and with it old versions if that is wanted: room under the quota now.

The best time to forget somebody's history is when they say so. A drive that is full therefore refuses a write and says
how to free room; it does not shorten the retention that it promised.
"""

from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.places import path_keys
from davdrive.errors import Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import find_drive
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.purge import purge_drive
from davdrive.upkeep.rounds import LOCK

SETTLE_S = 300
"""What was deleted within this time stays: a long listing that began before may still have to show it."""

WAIT_S = 30.0
"""How long to wait for a round of upkeep that is under way."""


@dataclass(frozen=True, slots=True)
class Emptying:
    """`versions`: old versions too. `settle_s`: leave what ended within so many seconds."""

    versions: bool = False
    settle_s: float = SETTLE_S


def empty_trash(backend: Backend, drive_name: str, wanted: Emptying, options: UpkeepOptions) -> Tally:
    """Forget what was deleted from a drive. Errors: NotFound; Unavailable while a backup or upkeep is at work."""
    key = path_keys(DrivePath(drive_name)).drive
    drive = backend.database.read(lambda session: find_drive(session, key, SYSTEM))
    tally = Tally()
    with alone(backend.database, LOCK, WAIT_S) as held:
        if held is None:
            raise Unavailable("upkeep or a backup is at work on this store; try again when it is done")
        before_ms = drive.time_ms - int(wanted.settle_s * 1000)
        purge_drive(backend, drive, before_ms, options, tally, versions=wanted.versions)
    return tally
