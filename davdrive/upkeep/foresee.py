"""What a round of upkeep would do: for `--dry-run`."""

from collections.abc import Callable

from davdrive.drive.backend import Backend
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.doomed import count_doomed
from davdrive.metadata.drives import visible_drives
from davdrive.metadata.foreseeing import count_old_trees, count_old_versions
from davdrive.metadata.purging import horizon_at
from davdrive.metadata.session import Session
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.purge import BYTES, cutoff_ms
from davdrive.upkeep.sweep import strays


def foresee(backend: Backend, options: UpkeepOptions, found: Callable[[str], None]) -> Tally:
    """Count what is due. `found` hears of every object that the sweep would delete. Nothing is changed."""
    tally = Tally()
    for drive in backend.database.read(lambda session: visible_drives(session, SYSTEM)):

        def look(session: Session, drive: int = drive.id, before: int = cutoff_ms(drive, options)) -> None:
            horizon = horizon_at(session, drive, before)
            for count in (count_old_versions, count_old_trees):
                rows, size = count(session, drive, horizon)
                tally.add("old versions" if count is count_old_versions else "deleted files and collections", rows)
                tally.add(BYTES, size)

        backend.database.read(look)
    tally.add("objects deleted", backend.database.read(count_doomed)[1])
    for info in strays(backend, options):
        tally.add("objects that nobody names", 1)
        found(info.key)
    return tally
