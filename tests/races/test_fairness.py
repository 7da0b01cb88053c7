"""Workers that all write all the time: nobody starves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.settings.stores import MetadataSettings
from tests.races.ops import RaceOps
from tests.races.site import Site

SECONDS = 4.0
PROCESSES, THREADS = 4, 3
EDITOR = 2
MOST_WAIT_S = MetadataSettings().busy_timeout_s / 4
"""A writer is refused after `busy_timeout_s`. With others who never rest none may come near that."""

LEAST_SHARE = 1 / 5
"""Of what the busiest did, the least that anybody does."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_writers_of_several_workers_all_get_their_turn_in_time(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(DatabaseOptions(url))
    site = Site(url, tmp_path / "objects")
    ensure_drive(site.backend, "d")
    RaceOps(site).make_user("bob")
    RaceOps(site).grant("d", "bob", EDITOR)
    site.close()
    told = _run(url, tmp_path / "objects")
    counts, longest = [count for count, _, _ in told], max(wait for _, wait, _ in told)
    assert not sum(refused for _, _, refused in told)
    assert longest < MOST_WAIT_S, told
    assert min(counts) > LEAST_SHARE * max(counts), told
    assert len(counts) == PROCESSES * THREADS


def _run(url: str, objects: Path) -> list[tuple[int, float, int]]:
    words = [[url, str(objects), f"w{number}-", str(THREADS), str(SECONDS)] for number in range(PROCESSES)]
    busy = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.races.busy", *each], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for each in words
    ]
    for each in busy:
        assert each.stdout is not None
        assert json.loads(each.stdout.readline()) == "ready"
    for each in busy:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [tuple(row) for each in busy for row in json.loads(each.communicate(timeout=60)[0])]
