"""`davdrive export`: a drive, or a part of it, into a folder of this machine."""

from collections.abc import Iterator
from pathlib import Path

import click

from davdrive.cli import shown
from davdrive.cli.accounts import known_path
from davdrive.cli.main import Settings, common
from davdrive.cli.patient import make_reading_backend
from davdrive.cli.trees import report
from davdrive.deadline import Deadline
from davdrive.drive.read import stat
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.trees import measure_tree
from davdrive.upkeep.trees.events import Event, TreeOptions
from davdrive.upkeep.trees.exporting import export_tree


@click.command("export", short_help="Write a drive into a folder of this machine.")
@click.argument("source", metavar="DRIVE|PATH")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--parallel", type=click.IntRange(1, 64), default=8, show_default=True, help="Files at the same time.")
@shown.as_json
@common
def command(settings: Settings, source: str, folder: Path, parallel: int, json_lines: bool) -> None:
    """Write a drive (bob, or /bob/some/collection) into FOLDER, with modification times, as of this moment.

    Every byte is compared with its checksum. Run it again to go on after an interruption: files with the same size and
    time are left alone, and nothing is removed.
    """
    backend = make_reading_backend(settings)
    place = known_path(backend, source)

    def work(deadline: Deadline) -> Iterator[Event]:
        return export_tree(backend, SYSTEM, place, folder, TreeOptions(parallel, deadline))

    def total() -> int:
        found = stat(backend, SYSTEM, place)
        return backend.database.read(lambda session: measure_tree(session, found.drive, found.resource.node)).bytes

    report(work, json_lines, "exporting", total)
