"""The sweep: objects that nobody names, and contents that no version names.

An upload stores objects before it names them, so an object without a name is only waste when it is older than any
request may last: whoever stored it has named it or given up. Uploads in parts name theirs at once. A COPY or a partial
update names again what a version names already, and what a version names is never swept. What is found is doomed, and
when the longest request is over once more by the database's clock, asked for its names again before it is deleted. So
the store's clock, which tells how old an object is, may be wrong by any amount.

A database that knows hardly anything of a store is most likely not the store's: a wrong metadata.url, a new file after
the old one was lost. Then nothing is swept unless somebody says that it has to be.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from davdrive.drive.backend import Backend
from davdrive.errors import Conflict
from davdrive.metadata.auditing import looks_damaged
from davdrive.metadata.chores import Chore, chore, set_chore
from davdrive.metadata.doomed import doom, known_objects
from davdrive.metadata.purging import drop_unnamed, last_content, unnamed_contents
from davdrive.objects.base import ObjectInfo
from davdrive.upkeep.options import Going, Tally, UpkeepOptions, always

CHORE = "sweep"
STRAYS = "objects that nobody names"
CONTENTS = "contents that no version names"
PAGE_OBJECTS = 1000
"""Objects whose names are asked for in one statement: what S3 lists in one answer."""

PAGE_CONTENTS = 5000
"""Ids looked at in one statement."""

FEW_OBJECTS = 20
"""So many strays are always swept: what a crash in mid-upload leaves of a store that is nearly empty. Keys are random,
so if more than half of a page have no name, more than half of the store have none."""

DAMAGED = (
    "the metadata database is damaged, so what it does not name may be needed: nothing was swept; run davdrive check"
)
NOT_OURS = (
    "more than half of the stored objects are not in this database: is it the right one (metadata.url), and its "
    "objects.url? Nothing was swept. If they really are left over, `davdrive upkeep --sweep-most` removes them"
)


def sweep(
    backend: Backend,
    options: UpkeepOptions,
    tally: Tally,
    going: Going = always,
    clock: Callable[[], float] = time.time,
) -> None:
    """Go through the whole store, from where the last round was interrupted. Errors: Unavailable; Conflict when the
    database seems to be another store's."""
    if backend.database.read(looks_damaged):
        raise Conflict(DAMAGED)
    _sweep_contents(backend, options, tally, going)
    at = backend.database.read(lambda session: chore(session, CHORE)).at
    before_s = clock() - options.safe_sweep_age_s
    for page in _pages(backend, at):
        tally.add(STRAYS, _doom_strays(backend, options, page, before_s))
        at = page[-1].key
        if not going():
            _remember(backend, Chore(0, at))
            return
    _remember(backend, Chore(int(clock() * 1000), ""))


def strays(backend: Backend, options: UpkeepOptions, clock: Callable[[], float] = time.time) -> Iterator[ObjectInfo]:
    """The objects that a sweep would doom. Errors: as of `sweep`."""
    if backend.database.read(looks_damaged):
        raise Conflict(DAMAGED)
    before_s = clock() - options.safe_sweep_age_s
    for page in _pages(backend, ""):
        unknown = set(_unknown(backend, options, page, before_s))
        yield from (info for info in page if info.key in unknown)


def is_due(backend: Backend, options: UpkeepOptions, clock: Callable[[], float] = time.time) -> bool:
    """Whether the last whole round is long enough ago, or the present one was interrupted."""
    return clock() * 1000 - backend.database.read(lambda s: chore(s, CHORE)).done_ms >= options.sweep_interval_s * 1000


def _pages(backend: Backend, after: str) -> Iterator[list[ObjectInfo]]:
    listing = backend.contents.store.list(after=after)
    while page := list(islice(listing, PAGE_OBJECTS)):
        yield page


def _doom_strays(backend: Backend, options: UpkeepOptions, page: Sequence[ObjectInfo], before_s: float) -> int:
    unknown = _unknown(backend, options, page, before_s)
    if unknown:
        backend.database.write(lambda session: doom(session, unknown, options.safe_grace_ms))
    return len(unknown)


def _unknown(backend: Backend, options: UpkeepOptions, page: Sequence[ObjectInfo], before_s: float) -> list[str]:
    old = [info.key for info in page if info.modified_s < before_s]
    known = backend.database.read(lambda session: known_objects(session, old)) if old else set()
    unknown = [key for key in old if key not in known]
    if FEW_OBJECTS < len(unknown) > len(page) / 2 and not options.sweep_most:
        raise Conflict(NOT_OURS)
    return unknown


def nameless_contents(backend: Backend) -> int:
    """How many contents a sweep would drop."""
    last = backend.database.read(last_content)
    return sum(
        len(backend.database.read(partial(unnamed_contents, after=after, last=after + PAGE_CONTENTS)))
        for after in range(0, last, PAGE_CONTENTS)
    )


def _sweep_contents(backend: Backend, options: UpkeepOptions, tally: Tally, going: Going) -> None:
    """Empty drafts leave contents without a version, and so may two purges at the same moment."""
    last = backend.database.read(last_content)
    for after in range(0, last, PAGE_CONTENTS):
        if not going():
            return
        found = backend.database.read(partial(unnamed_contents, after=after, last=after + PAGE_CONTENTS))
        for at in range(0, len(found), options.batch):
            some = found[at : at + options.batch]
            drop = partial(drop_unnamed, contents=some, grace_ms=options.safe_grace_ms)
            tally.add(CONTENTS, backend.database.write(drop))


def _remember(backend: Backend, state: Chore) -> None:
    backend.database.write(lambda session: set_chore(session, CHORE, state))
