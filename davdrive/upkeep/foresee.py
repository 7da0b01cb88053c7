"""What a round of upkeep would do: for `--dry-run`. The same words as the round's own, and the same numbers."""

from collections.abc import Callable

from davdrive.drive.backend import Backend
from davdrive.errors import Conflict
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.chores import now_ms
from davdrive.metadata.doomed import count_doomed
from davdrive.metadata.drives import Drive, visible_drives
from davdrive.metadata.foreseeing import (
    count_idle_uploads,
    count_old_names,
    count_old_trees,
    count_old_versions,
    count_small,
    count_trail,
    count_unhashed,
)
from davdrive.metadata.purging import horizon_at
from davdrive.metadata.session import Session
from davdrive.upkeep.doom import DELETED
from davdrive.upkeep.options import BYTES, DIGESTS, Tally, UpkeepOptions
from davdrive.upkeep.pairing import objection
from davdrive.upkeep.purge import NAMES, TRAIL, TREES, VERSIONS, cutoff_ms
from davdrive.upkeep.rounds import FAILURES_KEPT_S, SMALL, UPLOADS, Round
from davdrive.upkeep.sweep import CONTENTS, STRAYS, nameless_contents, strays


def foresee(backend: Backend, options: UpkeepOptions, found: Callable[[str], None]) -> Round:
    """Count what is due. `found` hears of every object that the sweep would doom. Nothing is changed."""
    tally, refused = Tally(), objection(backend.database, backend.contents.store)
    _forgettable(backend, tally)
    for drive in backend.database.read(lambda session: visible_drives(session, SYSTEM)):
        _purgeable(backend, drive, options, tally)
    refused = refused or _in_the_store(backend, options, tally, found)
    tally.add(DIGESTS, backend.database.read(count_unhashed))
    return Round(True, tally, True, refused)


def _in_the_store(backend: Backend, options: UpkeepOptions, tally: Tally, found: Callable[[str], None]) -> str:
    """Count what would be swept and deleted; why it would not be swept."""
    tally.add(DELETED, backend.database.read(count_doomed)[1])
    try:
        for info in strays(backend, options):
            tally.add(STRAYS, 1)
            found(info.key)
        tally.add(CONTENTS, nameless_contents(backend))
    except Conflict as error:
        return str(error)
    return ""


def _forgettable(backend: Backend, tally: Tally) -> None:
    def look(session: Session) -> None:
        now = now_ms(session)
        tally.add(SMALL, count_small(session, now, now - FAILURES_KEPT_S * 1000))
        tally.add(UPLOADS, count_idle_uploads(session, now - backend.limits.upload_idle_s * 1000))

    backend.database.read(look)


def _purgeable(backend: Backend, drive: Drive, options: UpkeepOptions, tally: Tally) -> None:
    def look(session: Session) -> dict[str, int]:
        horizon = horizon_at(session, drive.id, cutoff_ms(drive, options))
        versions, version_bytes = count_old_versions(session, drive.id, horizon)
        trees, tree_bytes = count_old_trees(session, drive.id, horizon)
        return {
            TRAIL: count_trail(session, drive.id, horizon),
            VERSIONS: versions,
            BYTES: version_bytes + tree_bytes,
            TREES: trees,
            NAMES: count_old_names(session, drive.id, horizon),
        }

    for what, amount in backend.database.read(look).items():
        tally.add(what, amount)
