"""Purging: what ended before a drive's retention goes, its bytes are no longer counted, its objects are doomed."""

from collections.abc import Callable, Iterator

from davdrive.drive.backend import Backend
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import Drive, hold_drive, visible_drives
from davdrive.metadata.purging import Purged, anything_due, horizon_at, prune_commits, purge_entries, purge_versions
from davdrive.metadata.session import Session
from davdrive.upkeep.options import BYTES, Going, Tally, UpkeepOptions, always

TRAIL = "lines of the audit trail"
VERSIONS = "old versions"
TREES = "deleted files and collections"
NAMES = "old names"
Step = Callable[[Session, int, int], Purged]


def purge(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going = always) -> None:
    """Purge every drive by its retention. Errors: Unavailable."""
    for drive in backend.database.read(lambda session: visible_drives(session, SYSTEM)):
        if going():
            purge_drive(backend, drive, cutoff_ms(drive, options), options, tally, going)


def cutoff_ms(drive: Drive, options: UpkeepOptions) -> int:
    """Until when what ended is forgotten, in unix ms of the drive's clock."""
    keep_s = options.retention_s if drive.retention_s is None else drive.retention_s
    return drive.time_ms - int(max(keep_s, options.request_s) * 1000)


def purge_drive(
    backend: Backend,
    drive: Drive,
    before_ms: int,
    options: UpkeepOptions,
    tally: Tally,
    going: Going = always,
    versions: bool = True,
) -> None:
    """Forget what ended in a drive before a time: old versions (unless `versions` is false), then deleted trees. Each
    batch is a transaction of its own that holds the drive for milliseconds."""
    horizon = backend.database.read(lambda session: horizon_at(session, drive.id, before_ms))
    if not backend.database.read(lambda session: anything_due(session, drive.id, horizon)):
        return
    for what, step in _steps(options, versions):
        for purged in _batches(backend, drive, horizon, step, going):
            tally.add(what, purged.nodes if what == TREES else purged.rows)
            tally.add(NAMES, purged.names)
            tally.add(BYTES, purged.bytes)


def _steps(options: UpkeepOptions, versions: bool) -> Iterator[tuple[str, Step]]:
    most, grace_ms = options.batch, options.safe_grace_ms
    # The audit trail first, because it tells readers how far back history is whole.
    yield TRAIL, lambda session, drive, horizon: prune_commits(session, drive, horizon, most)
    if versions:
        yield VERSIONS, lambda session, drive, horizon: purge_versions(session, drive, horizon, most, grace_ms)
    yield TREES, lambda session, drive, horizon: purge_entries(session, drive, horizon, most, grace_ms)


def _batches(backend: Backend, drive: Drive, horizon: int, step: Step, going: Going) -> Iterator[Purged]:
    def work(session: Session) -> Purged:
        hold_drive(session, drive.id)
        return step(session, drive.id, horizon)

    while going():
        purged = backend.database.write(work)
        if not purged.rows:
            return
        yield purged
