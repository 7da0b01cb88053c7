"""`davdrive upkeep`: forget what ended before the retention, and delete what nothing names."""

import sys
import time

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.wiring.observing import install_metrics
from davdrive.cli.wiring.upkeep import upkeep_options
from davdrive.drive.backend import Backend
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.rounds import run_round

WAIT_S = 300.0
"""How long to wait for another process that is at it: a tick of a server's own upkeep is over long before."""


@click.command("upkeep", short_help="Forget what is old, delete what nothing needs.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--once", is_flag=True, help="One round, and end. This is what happens without --every too.")
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="Go on, with a round every so many seconds.")
@shown.as_json
@common
def command(settings: Settings, dry_run: bool, once: bool, every: int | None, json_lines: bool) -> None:
    """Purge old versions and deleted files by the retention, delete what nothing names, sweep the store.

    A server does this by itself (upkeep.in_background); a timer may do it instead.
    """
    install_metrics(settings)
    backend, options = make_patient_backend(settings), upkeep_options(settings)
    if dry_run:
        _tell(foresee(backend, options, lambda key: _say_object(key, json_lines)), json_lines, "nothing is due")
        return
    done = _round(backend, options, json_lines)
    while every is not None and not once:
        time.sleep(every)
        done = _round(backend, options, json_lines)
    if not done:
        sys.exit(1)


def _round(backend: Backend, options: UpkeepOptions, json_lines: bool) -> bool:
    done = run_round(backend, options, whole=True, wait_s=WAIT_S)
    if not done.alone:
        click.echo("davdrive: another process has been at it for five minutes, or makes a backup; try later", err=True)
        return False
    _tell(done.tally, json_lines, "nothing was due")
    return True


def _tell(tally: Tally, json_lines: bool, nothing: str) -> None:
    if json_lines:
        shown.line(**{what.replace(" ", "_"): amount for what, amount in tally.counts.items()})
    elif not tally:
        click.echo(nothing)
    for what, amount in () if json_lines else tally.counts.items():
        click.echo(f"{amount:>12,} {what}")


def _say_object(key: str, json_lines: bool) -> None:
    if json_lines:
        shown.line(object=key)
