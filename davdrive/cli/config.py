"""`davdrive config`: every option, its value, and where that came from."""

import click

from davdrive.cli import shown
from davdrive.cli.main import Settings, common
from davdrive.errors import NotFound
from davdrive.settings import explain


@click.group("config")
def command() -> None:
    """See the options in force."""


@command.command("show", short_help="Show options and where they come from.")
@click.argument("prefix", default="")
@click.option("--changed", is_flag=True, help="Only options that are not at their default.")
@shown.as_json
@common
def show(settings: Settings, prefix: str, changed: bool, json_lines: bool) -> None:
    """Show every option, or those that begin with PREFIX (server, auth.throttle). Secrets are masked."""
    rows = [row for row in explain(settings) if row.option.startswith(prefix)]
    if not rows:
        raise NotFound(f"no option begins with {prefix!r}; davdrive config show shows them all")
    rows = [row for row in rows if not changed or row.origin != "default"]
    if json_lines:
        for row in rows:
            shown.line(option=row.option, value=row.value, origin=row.origin)
        return
    shown.table([row.option, row.value, f"({row.origin})"] for row in rows)
    if not rows:
        click.echo("no such option is changed" if prefix else "no option is changed", err=True)
