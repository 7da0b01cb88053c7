"""P6: the object store is this database's. Upkeep of another one would take its objects for left over."""

from collections.abc import Iterator

from davdrive.drive.backend import Backend
from davdrive.errors import Strangers
from davdrive.upkeep.checking.findings import Finding, Mend
from davdrive.upkeep.pairing import ADOPT, Standing, look, objection, settle

UNMARKED = "the object store has lost the mark that says that it is this database's"


def pair_findings(backend: Backend) -> Iterator[Finding]:
    """A mark that is missing or another's. That no start has made one yet, or one was broken off at it, is nothing."""
    found = look(backend.database, backend.contents.store)
    if found.standing is Standing.UNMARKED and (found.own is None or not found.own.seen):
        return
    against = objection(backend.database, backend.contents.store)
    if against:
        said = against.removesuffix(f"; {ADOPT}")
        yield Finding("P6", said, words="" if said == against else ADOPT)
    elif found.standing is Standing.UNMARKED:
        yield Finding("P6", UNMARKED, Mend.MARK)


def mark(backend: Backend) -> bool:
    """Mark a store that has no mark; whether that could be. One that is marked as another's stays as it is."""
    try:
        settle(backend.database, backend.contents.store)
    except Strangers:
        return False
    return True
