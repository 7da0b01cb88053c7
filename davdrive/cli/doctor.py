"""`davdrive doctor`: does this configuration work, from end to end?"""

import sys

import click

from davdrive.cli import shown
from davdrive.cli.diagnosis import Result, examine
from davdrive.cli.main import Settings, common


@click.command("doctor", short_help="Try this configuration from end to end.")
@shown.as_json
@common
def command(settings: Settings, json_lines: bool) -> None:
    """Try the data directory, the database, the object store, certificates and the listening address.

    The exit status is 1 when something does not work. Nothing is changed, but a small object is written and removed.
    """
    wrong = 0
    for result in examine(settings):
        wrong += not result.good
        _tell(result, json_lines)
    if wrong:
        sys.exit(1)


def _tell(result: Result, json_lines: bool) -> None:
    if json_lines:
        shown.line(part=result.part, ok=result.good, message=result.message)
    else:
        mark = "ok  " if result.good else "BAD "
        click.echo(f"{mark} {result.part:<14} {shown.printable(result.message)}")
