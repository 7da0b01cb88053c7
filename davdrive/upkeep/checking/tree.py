"""P5: every live node reaches its drive's root, no cycle, no two live names with one key.

What lies below a deleted collection keeps its rows as they were and is unreachable: that is the trash, not damage.
So a way upwards may end at the root or at a node that once had a name.
"""

from collections.abc import Iterator

from davdrive.drive.names import check_name, name_key
from davdrive.errors import BadName
from davdrive.metadata.auditing import DriveSum, LiveEntry, circles, drive_sums, live_entries, nameless_nodes
from davdrive.metadata.database import Database
from davdrive.metadata.session import Row
from davdrive.metadata.tables import COLLECTION, FILE, ROOT
from davdrive.upkeep.checking.findings import Finding, Mend
from davdrive.upkeep.checking.reading import every


def tree_findings(database: Database) -> Iterator[Finding]:
    """Everything that is wrong with names and nodes."""
    drives = {drive.id: drive for drive in database.read(drive_sums)}
    yield from (finding for drive in drives.values() for finding in _numbers(drive))
    after = 0
    for page in every(database, live_entries, 0, lambda entry: entry.id):
        for entry in page:
            yield from _entry_findings(entry, drives.get(entry.drive))
        yield from _circle_findings(database, drives, after, page[-1].id)
        after = page[-1].id
    yield from _nameless(database, drives)


def _numbers(drive: DriveSum) -> Iterator[Finding]:
    if drive.last_node is not None and drive.next_node <= drive.last_node:
        message = f"the drive {drive.name} would give out node numbers twice"
        yield Finding("P5", message, Mend.RENUMBER, drive.id)


def _entry_findings(entry: LiveEntry, drive: DriveSum | None) -> Iterator[Finding]:
    if drive is None:
        return  # The drive was made after the check began, or the database reports the broken reference.
    what = f"{entry.name!r} (node {entry.node} of the drive {drive.name})"
    if entry.node_kind is None:
        yield Finding("P5", f"{what} is a name of nothing", Mend.FORGET, drive.id, entry.id)
        return
    if entry.node == ROOT:
        yield Finding("P5", f"{what}: the drive's root stands inside something", Mend.FORGET, drive.id, entry.id)
    elif entry.parent_kind != COLLECTION:
        where = "in no collection" if entry.parent_kind is None else "inside a file"
        # Nothing can be put anywhere else while the root itself is what is wrong.
        mend = Mend.NOTHING if entry.parent == ROOT else Mend.ADOPT
        yield Finding("P5", f"{what} is {where}", mend, drive.id, entry.node)
    if entry.name_key != name_key(entry.name, bool(drive.case_insensitive)):
        message = f"{what} cannot be found by its name: the key is not the name's"
        yield Finding("P5", message, Mend.RENAME_KEY, drive.id, entry.id)
    if entry.twin is not None:
        yield Finding("P5", f"{what} has the name of something else", Mend.RENAME, drive.id, entry.id)
    if not _may_be_called(entry.name):
        yield Finding("P5", f"{what} has a name that nobody can ask for", Mend.RENAME, drive.id, entry.id)
    if (entry.node_kind == FILE) != (entry.version is not None):
        message = f"{what} is a {'file without' if entry.node_kind == FILE else 'collection with'} a content"
        yield Finding("P6", message, drive=drive.id)


def _may_be_called(name: str) -> bool:
    try:
        return check_name(name) == name
    except BadName:
        return False


def _circle_findings(database: Database, drives: dict[int, DriveSum], after: int, last: int) -> Iterator[Finding]:
    for drive, node in database.read(lambda session: circles(session, after, last)):
        if drive in drives:
            message = f"node {node} of the drive {drives[drive].name} is inside itself"
            yield Finding("P5", message, Mend.ADOPT, drive, node)


def _nameless(database: Database, drives: dict[int, DriveSum]) -> Iterator[Finding]:
    pages = every(database, lambda session, at: nameless_nodes(session, *at), (0, 0), lambda row: (row[0], row[1]))
    for row in (row for page in pages for row in page):
        yield _nameless_finding(drives, row)


def _nameless_finding(drives: dict[int, DriveSum], row: Row) -> Finding:
    drive, node, kind = row
    name = drives[drive].name if drive in drives else str(drive)
    message = f"a {'collection' if kind == COLLECTION else 'file'} of the drive {name} (node {node}) has no name"
    return Finding("P5", message, Mend.ADOPT, drive, node)
