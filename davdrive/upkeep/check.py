"""`davdrive check`: the promises P5, P6 and P8 over the whole store, in constant memory, while it is in use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from davdrive.drive.backend import Backend
from davdrive.metadata.auditing import drive_sums
from davdrive.upkeep.checking.contents import byte_findings, object_findings, row_findings
from davdrive.upkeep.checking.findings import Finding, Mend
from davdrive.upkeep.checking.pair import pair_findings
from davdrive.upkeep.checking.repair import repair
from davdrive.upkeep.checking.rows import file_findings, rule_findings
from davdrive.upkeep.checking.tree import tree_findings


def no_progress(stage: str, amount: int) -> None:
    """For callers who do not watch."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """`read_data`: read every byte and compare checksums. `progress` hears of a stage and an amount done since."""

    read_data: bool = False
    progress: Callable[[str, int], None] = no_progress


@dataclass(frozen=True, slots=True)
class Mended:
    """A finding and whether it was mended."""

    finding: Finding
    mended: bool


def check(backend: Backend, options: CheckOptions | None = None) -> Iterator[Finding]:
    """Everything that is not as promised, found one after the other. Nothing is changed.

    Objects that nobody names are no findings: `upkeep` removes them. After a database file that is damaged nothing else
    is looked at. Errors: Unavailable.
    """
    options = options or CheckOptions()
    options.progress("the database", 0)
    broken = False
    for finding in file_findings(backend.database):
        yield finding
        broken |= finding.mend is Mend.NOTHING
    if broken:
        return  # whatever such a file says of the rest cannot be believed
    options.progress("rows", 0)
    yield from rule_findings(backend.database)
    options.progress("names and collections", 0)
    yield from tree_findings(backend.database)
    options.progress("used bytes", 0)
    yield from _sum_findings(backend)
    options.progress("contents", 0)
    yield from row_findings(backend)
    options.progress("objects", 0)
    yield from pair_findings(backend)
    yield from object_findings(backend)
    if options.read_data:
        options.progress("every byte", 0)
        yield from byte_findings(backend, lambda size: options.progress("every byte", size))


def _sum_findings(backend: Backend) -> Iterator[Finding]:
    """P8."""
    for drive in backend.database.read(drive_sums):
        if drive.used_bytes != drive.stored_bytes:
            message = f"the drive {drive.name} counts {drive.used_bytes} bytes and stores {drive.stored_bytes}"
            yield Finding("P8", message, Mend.RECOUNT, drive.id)


def check_and_repair(backend: Backend, options: CheckOptions | None = None) -> Iterator[Mended]:
    """Find, and mend at once what can be mended without losing anything."""
    for finding in check(backend, options):
        yield Mended(finding, repair(backend, finding))
