"""`davdrive import`: a folder of this machine into a drive."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from davdrive.cli import shown
from davdrive.cli.accounts import known_path, require_user
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_patient_backend
from davdrive.cli.trees import report
from davdrive.deadline import Deadline
from davdrive.errors import BadRequest
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.upkeep.pairing import require_pair
from davdrive.upkeep.trees.events import Event, TreeOptions
from davdrive.upkeep.trees.importing import import_tree


@click.command("import", short_help="Bring a folder of this machine into a drive.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("target", metavar="DRIVE|PATH")
@click.option("--as", "author", metavar="USER", help="Who is named as the author; `system` without it.")
@click.option("--parallel", type=click.IntRange(1, 64), default=8, show_default=True, help="Files at the same time.")
@shown.as_json
@common
def command(settings: Settings, folder: Path, target: str, author: str | None, parallel: int, json_lines: bool) -> None:
    """Bring everything below FOLDER into a drive (bob, or /bob/some/collection), with modification times.

    Run it again to go on after an interruption, or to bring what changed: files with the same size and time are left
    alone, and nothing is removed.
    """
    if not folder.is_dir():
        raise BadRequest(f"{folder} is no folder that can be read")
    caller = SYSTEM if author is None else Caller(author)
    backend = make_patient_backend(settings)
    place = known_path(backend, target)
    require_pair(backend.database, backend.contents.store)
    if author is not None:
        backend.database.read(lambda session: require_user(session, author))

    def work(deadline: Deadline) -> Iterator[Event]:
        return import_tree(backend, caller, folder, place, TreeOptions(parallel, deadline))

    report(work, json_lines, "importing", lambda: _measure(folder))


def _measure(folder: Path) -> int:
    """The bytes below a folder, for the progress bar."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(at, name)).st_size
            except OSError:
                continue
    return total
