"""The changes that matter most race over HTTP too, between workers and between nodes."""

from pathlib import Path

from tests.races.rig import require_races
from tests.races.wire import IMPORTANT, race_over_the_wire, two_nodes, two_workers
from tests.support.memory_folder import memory_folder

SEED = 20261125


def test_two_workers_on_sqlite_change_a_drive_in_some_order() -> None:
    with memory_folder() as folder, two_workers(folder, SEED) as course:
        race_over_the_wire(course, IMPORTANT)
    require_races(course, IMPORTANT)


def test_two_nodes_on_postgresql_change_a_drive_in_some_order(postgres_url: str, tmp_path: Path) -> None:
    with two_nodes(postgres_url, tmp_path, SEED) as course:
        race_over_the_wire(course, IMPORTANT)
    require_races(course, IMPORTANT)
