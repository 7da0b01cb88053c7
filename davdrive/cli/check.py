"""`davdrive check`: is everything that was stored there, whole and reachable?"""

import sys
from collections.abc import Iterator

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend, make_reading_backend
from davdrive.cli.progress import Progress, progress
from davdrive.cli.stopping import gently
from davdrive.drive.backend import Backend
from davdrive.upkeep.check import CheckOptions, Mended, check, check_and_repair
from davdrive.upkeep.checking.findings import Mend


@click.command("check", short_help="Look whether all that was stored is there and whole.")
@click.option("--read-data", is_flag=True, help="Read every stored byte and compare its checksum.")
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything.")
@shown.as_json
@common
def command(settings: Settings, read_data: bool, repair: bool, json_lines: bool) -> None:
    """Look whether all that was stored is there, whole and reachable, while the server runs or not.

    The exit status is 0 when all is well (or was mended), 1 when something is wrong.
    """
    backend = (make_patient_backend if repair else make_reading_backend)(settings)
    with gently("what was not looked at may be anything") as asked, progress(quiet=json_lines) as bar:
        left = _report(backend, CheckOptions(read_data, asked.between(bar.stage)), repair, json_lines, bar)
    if left:
        sys.exit(1)


def _report(backend: Backend, options: CheckOptions, repair: bool, json_lines: bool, bar: Progress) -> int:
    """Tell of each finding; how many of them stay."""
    found = left = 0
    for each in check_and_repair(backend, options) if repair else _only_look(backend, options):
        found += 1
        left += not each.mended
        bar.say(_as_line(each) if json_lines else _as_text(each, repair))
    if json_lines:
        bar.say(shown.json_text(findings=found, mended=found - left))
    else:
        bar.say(_summary(found, left, options.read_data, repair))
    return left


def _only_look(backend: Backend, options: CheckOptions) -> Iterator[Mended]:
    return (Mended(finding, False) for finding in check(backend, options))


def _as_line(each: Mended) -> str:
    finding = each.finding
    return shown.json_text(
        promise=finding.promise,
        message=finding.message,
        mended=each.mended,
        repairable=finding.mend is not Mend.NOTHING,
        repair=finding.how,
    )


def _as_text(each: Mended, repair: bool) -> str:
    finding = each.finding
    if each.mended:
        outcome = "mended"
    elif finding.mend is Mend.NOTHING:
        outcome = finding.how
    else:
        outcome = "could not be mended" if repair else f"--repair would {finding.how}"
    return shown.printable(f"{finding.promise}: {finding.message} ({outcome})")


def _summary(found: int, left: int, read_data: bool, repair: bool) -> str:
    if not found:
        return "all is well" + (", every byte was read" if read_data else "")
    if not left:
        return f"{found} found, and all of it mended"
    return f"{found} found, {found - left} mended" if repair else f"{found} found"
