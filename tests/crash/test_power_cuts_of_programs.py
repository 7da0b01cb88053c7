"""The page cache of a whole machine is lost: real servers and commands, SQLite's own files among theirs (P1, P2, P6).

What a process told the kernel is in the log of strace; what of it survives is worked out from POSIX alone (`disk.py`).
Each kind of sync is the planted fault of another run: left out, it must be missed.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.disk import nothing, some
from tests.crash.power_rig import Commands, Recording, broken_at, record_commands, record_server
from tests.support.memory_folder import memory_folder

SEEDS = range(int(os.environ.get("DAVDRIVE_TEST_POWER_CUTS", "6")))
"""Of what reached the disk all the same."""

SPARED = (
    # At its end a command brings everything from the log of the database into the database itself, and syncs that.
    "davdrive.db-wal",
    # Needed in the middle of a migration only: see below.
    "davdrive.db-journal",
)
"""Syncs that a command that came to its end does not need any more."""

BETWEEN = 12
"""A cut after so many changes, besides those behind the answers."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with memory_folder() as made:
        yield made


@pytest.fixture(scope="module")
def server(folder: Path) -> Recording:
    return record_server(folder / "served", folder / "log")


@pytest.fixture(scope="module")
def commands(folder: Path) -> Commands:
    return record_commands(folder / "worked", folder / "source", folder / "log")


def test_what_was_acknowledged_survives_the_loss_of_all_that_was_not_synced(server: Recording, folder: Path) -> None:
    assert len(server.answers) > 8, "nothing was put to the test"
    assert {"new/data/davdrive.db", "new/data/davdrive.db-wal"} <= server.kinds(), "SQLite is not under the layer"
    assert broken_at(server, folder, (), nothing) == []


def test_it_survives_when_any_half_of_the_rest_reached_the_disk(server: Recording, folder: Path) -> None:
    for seed in SEEDS:
        assert broken_at(server, folder, (), some(seed)) == [], seed


def test_a_power_cut_at_any_moment_leaves_each_change_whole_or_undone(server: Recording, folder: Path) -> None:
    for kept in (nothing, some(len(SEEDS))):
        assert broken_at(server, folder, (), kept, BETWEEN) == []


def test_every_kind_of_sync_of_a_server_is_needed(server: Recording, folder: Path) -> None:
    for kind in sorted(server.kinds() - {"new/data/davdrive.db-journal"}):
        assert broken_at(server, folder, (kind,), nothing), f"the sync of {kind} is not needed"


def test_the_syncs_of_a_migrations_journal_are_needed(server: Recording, folder: Path) -> None:
    """They matter in the middle of the first start alone, and only where the database's pages were faster."""
    first = Recording(server.base, server.calls[: server.answers[0] - 1], [], server.states[:1] * 2)
    pages = sum(call.name == "pwrite64" for call in first.calls)
    assert pages > 100, "there was no migration"
    cuts = (broken_at(first, folder, ("new/data/davdrive.db-journal",), some(seed), BETWEEN) for seed in range(10))
    assert next((broken for broken in cuts if broken), None), "the sync of the journal is not needed"


@pytest.mark.parametrize("number", range(7))
def test_what_a_command_did_survives_and_each_kind_of_its_syncs_is_needed(
    commands: Commands, folder: Path, number: int
) -> None:
    for kept in (nothing, *(some(seed) for seed in SEEDS)):
        assert commands.why_broken(number, folder, (), kept) == ""
    missed = {kind for kind in commands.kinds(number) if commands.why_broken(number, folder, (kind,), nothing)}
    spared = {kind for kind in commands.kinds(number) - missed if not kind.endswith(SPARED)}
    assert missed, "no sync of it is needed"
    assert spared == set(), "these syncs are not needed"
