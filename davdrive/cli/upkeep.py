"""`davdrive upkeep`: forget what ended before the retention, and delete what nothing names."""

import sys
import time
from dataclasses import replace

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend, make_reading_backend
from davdrive.cli.stopping import Stopping, gently
from davdrive.cli.wiring.observing import install_metrics
from davdrive.cli.wiring.upkeep import upkeep_options
from davdrive.drive.backend import Backend
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.rounds import Round, run_round
from davdrive.upkeep.sweep import STRAYS

WAIT_S = 300.0
"""How long to wait for another process that is at it: a tick of a server's own upkeep is over long before."""

BUSY = "another process has been at it for five minutes, or makes a backup; try later"
LOOK_S = 0.5
"""How often a pause looks whether it has to end."""


@click.command("upkeep", short_help="Forget what is old, delete what nothing needs.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done; nothing is written.")
@click.option("--once", is_flag=True, help="One round, and end. This is what happens without --every too.")
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="Go on, with a round every so many seconds.")
@click.option("--sweep-most", is_flag=True, help="Sweep even if the database knows less than half of the objects.")
@shown.as_json
@common
def command(
    settings: Settings, dry_run: bool, once: bool, every: int | None, sweep_most: bool, json_lines: bool
) -> None:
    """Purge old versions and deleted files by the retention, delete what nothing names, sweep the store.

    A server does this by itself (upkeep.in_background); a timer may do it instead. It may be ended at any time: the
    next round goes on where this one was.
    """
    options = replace(upkeep_options(settings), sweep_most=sweep_most)
    if dry_run:
        seen = foresee(make_reading_backend(settings), options, lambda key: _say_object(key, json_lines))
        sys.exit(not _tell(seen, options, json_lines, "nothing is due"))
    install_metrics(settings)
    backend = make_patient_backend(settings)
    with gently("what was done stays, and the next round goes on from there") as asked:
        done = _round(backend, options, json_lines, asked)
        while every is not None and not once and _pause(every, asked):
            done = _round(backend, options, json_lines, asked)
    if not done:
        sys.exit(1)


def _pause(seconds: float, asked: Stopping) -> bool:
    """Wait; false as soon as the command has to end."""
    ends = time.monotonic() + seconds
    while asked.going() and time.monotonic() < ends:
        time.sleep(LOOK_S)
    return asked.going()


def _round(backend: Backend, options: UpkeepOptions, json_lines: bool, asked: Stopping) -> bool:
    """One round, told; whether nothing was in its way."""
    ends, done = time.monotonic() + WAIT_S, Round(False, Tally())
    while not done.alone and asked.going() and time.monotonic() < ends:
        done = run_round(backend, options, whole=True, going=asked.going, wait_s=LOOK_S, deadline=asked.deadline)
    if not done.alone and asked.going():
        click.echo(f"davdrive: {BUSY}", err=True)
        return False
    return not done.alone or _tell(done, options, json_lines, "nothing was due")


def _tell(done: Round, options: UpkeepOptions, json_lines: bool, nothing: str) -> bool:
    """Say what was done or would be; whether nothing was in its way."""
    counts = done.tally.counts
    if json_lines:
        shown.line(**{what.replace(" ", "_"): amount for what, amount in counts.items()})
    else:
        _tell_people(done.tally, options, nothing)
    if done.refused:
        click.echo(f"davdrive: {done.refused}", err=True)
    return not done.refused


def _tell_people(tally: Tally, options: UpkeepOptions, nothing: str) -> None:
    if not tally:
        click.echo(nothing)
    for what, amount in tally.counts.items():
        click.echo(f"{amount:>12,} {what}")
    if STRAYS in tally.counts:
        hours = options.safe_grace_ms / 3_600_000
        click.echo(f"(objects are deleted {hours:,.0f} hours after they were found without a name)")


def _say_object(key: str, json_lines: bool) -> None:
    if json_lines:
        shown.line(object=key)
