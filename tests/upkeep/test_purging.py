"""Purging by retention: what goes, what stays, and that nothing is half gone."""

import random
import time
from dataclasses import replace
from typing import Any

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.trash import list_trash
from davdrive.drive.uploads.begin import begin
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import find_drive, hold_drive, set_retention
from davdrive.metadata.purging import purge_entries
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.options import DAY_S
from tests.upkeep.conftest import AT_ONCE
from tests.upkeep.upkeep_rig import (
    LARGE,
    content_of,
    count,
    duplicate,
    findings,
    folder,
    listing,
    objects_of,
    remove,
    rename,
    sql,
    strew,
    upkeep,
    write,
)  # fmt: skip


def used(backend: Backend, drive: str = "d") -> int:
    return backend.database.read(lambda session: find_drive(session, drive, SYSTEM)).used_bytes


def test_a_deleted_tree_goes_whole_with_rows_bytes_and_objects(backend: Backend) -> None:
    folder(backend, "d/a")
    for number in range(20):
        folder(backend, f"d/a/{number}")
        write(backend, f"d/a/{number}/file")
    write(backend, "d/stays")
    remove(backend, "d/a")
    upkeep(backend, AT_ONCE)
    assert listing(backend, "d") == {"d/stays": LARGE}
    assert (count(backend, "nodes"), count(backend, "entries"), count(backend, "versions")) == (3, 1, 1)
    assert count(backend, "contents") == 1
    assert used(backend) == len(LARGE)
    assert b"".join(objects_of(backend).values()) == LARGE or len(objects_of(backend)) == 4
    assert not findings(backend)


def test_what_is_deleted_while_upkeep_looks_how_far_to_go_is_kept(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything was older than the retention, and so was taken what was deleted at that moment."""
    write(backend, "d/old")
    write(backend, "d/file")
    remove(backend, "d/old")
    sql(backend, f"UPDATE commits SET time_ms = time_ms - {10 * DAY_S * 1000}")
    once, ask = ["d/file"], Session.value

    def value(session: Session, statement: Statement, **parameters: Any) -> Any:
        found = ask(session, statement, **parameters)
        if "cutoff_ms" in parameters and once:
            remove(backend, once.pop())
        return found

    monkeypatch.setattr(Session, "value", value)
    upkeep(backend, replace(AT_ONCE, retention_s=DAY_S))
    assert not once
    assert [item.path.name for item in list_trash(backend, SYSTEM, "d")] == ["file"]
    assert not findings(backend)


def test_old_versions_go_and_the_present_one_stays(backend: Backend) -> None:
    for number in range(10):
        write(backend, "d/file", b"%d" % number * 100)
    assert used(backend) == 1000
    upkeep(backend, AT_ONCE)
    assert content_of(backend, "d/file") == b"9" * 100
    assert used(backend) == 100
    assert len(objects_of(backend)) == 2


def test_nothing_goes_inside_the_retention(backend: Backend) -> None:
    write(backend, "d/file", b"one")
    write(backend, "d/file", b"two")
    remove(backend, "d/file")
    before = [count(backend, table) for table in ("entries", "versions", "contents", "commits")]
    upkeep(backend, replace(AT_ONCE, retention_s=DAY_S))
    assert [count(backend, table) for table in ("entries", "versions", "contents", "commits")] == before


def test_nothing_goes_that_the_longest_request_may_still_read(backend: Backend) -> None:
    write(backend, "d/file", b"one")
    remove(backend, "d/file")
    upkeep(backend, replace(AT_ONCE, request_s=3600))
    assert count(backend, "versions") == 1


def test_a_drive_of_its_own_retention_is_purged_by_that(backend: Backend) -> None:
    for drive in ("d", "e"):
        write(backend, f"{drive}/file", b"one")
        remove(backend, f"{drive}/file")
    found = backend.database.read(lambda session: find_drive(session, "d", SYSTEM))
    backend.database.write(lambda session: set_retention(session, found.id, DAY_S))
    upkeep(backend, AT_ONCE)
    assert (used(backend, "d"), used(backend, "e")) == (3, 0)


def test_a_content_that_a_copy_shares_outlives_its_origin_on_another_drive(backend: Backend) -> None:
    write(backend, "d/file")
    duplicate(backend, "d/file", "e/copy")
    remove(backend, "d/file")
    upkeep(backend, AT_ONCE)
    assert content_of(backend, "e/copy") == LARGE
    assert not findings(backend)
    remove(backend, "e/copy")
    upkeep(backend, AT_ONCE)
    assert not objects_of(backend)


def test_a_file_that_left_a_deleted_collection_stays(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/file", b"left in time")
    rename(backend, "d/a/file", "d/file")
    remove(backend, "d/a")
    upkeep(backend, AT_ONCE)
    assert listing(backend, "d") == {"d/file": b"left in time"}
    assert not findings(backend)


def test_renamed_back_and_forth_and_deleted_leaves_nothing(backend: Backend) -> None:
    folder(backend, "d/a")
    folder(backend, "d/b")
    write(backend, "d/a/file")
    for _ in range(5):
        rename(backend, "d/a/file", "d/a/other")
        rename(backend, "d/a/other", "d/b/file")
        rename(backend, "d/b/file", "d/a/file")
    rename(backend, "d/b", "d/a/b")
    remove(backend, "d/a")
    upkeep(backend, AT_ONCE)
    assert (count(backend, "nodes"), count(backend, "entries"), count(backend, "contents")) == (2, 0, 0)
    assert not findings(backend)


def test_an_object_of_which_a_part_is_still_needed_is_not_doomed(backend: Backend) -> None:
    write(backend, "d/one", LARGE)
    write(backend, "d/two", LARGE)
    sql(
        backend,
        """
        UPDATE segments SET object_key = (SELECT min(object_key) FROM segments WHERE content = 1 AND start = 0)
        WHERE content = 2 AND start = 0""",
    )
    remove(backend, "d/one")
    upkeep(backend, AT_ONCE)
    assert not [message for message in findings(backend) if "missing" in message]
    assert len(objects_of(backend)) == 4


def test_the_audit_trail_tells_how_far_history_reaches(backend: Backend) -> None:
    write(backend, "d/file", b"one")
    oldest = Statement("SELECT min(revision) FROM commits")
    assert backend.database.read(lambda session: session.value(oldest)) == 1
    write(backend, "d/file", b"two")
    write(backend, "d/file", b"three")
    upkeep(backend, AT_ONCE)
    assert backend.database.read(lambda session: session.value(oldest)) == 3


def test_a_purge_that_is_interrupted_leaves_a_clean_drive_and_goes_on_later(backend: Backend) -> None:
    folder(backend, "d/a")
    for outer in range(5):
        folder(backend, f"d/a/{outer}")
        for inner in range(5):
            write(backend, f"d/a/{outer}/{inner}", b"some bytes here")
    remove(backend, "d/a")
    drive = backend.database.read(lambda session: find_drive(session, "d", SYSTEM))

    def step(session: object) -> int:
        hold_drive(session, drive.id)  # type: ignore[arg-type]
        return purge_entries(session, drive.id, drive.revision, 3, 0).rows  # type: ignore[arg-type]

    while backend.database.write(step):
        assert not findings(backend)
    assert count(backend, "nodes") == 2


def test_the_dry_run_counts_what_the_round_then_does(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/one")
    write(backend, "d/a/two")
    write(backend, "d/kept", b"1")
    write(backend, "d/kept", b"2")
    remove(backend, "d/a")
    upkeep(backend, replace(AT_ONCE, retention_s=DAY_S))
    rename(backend, "d/kept", "d/other")
    rename(backend, "d/other", "d/kept")
    sql(backend, "INSERT INTO failures VALUES ('eve', 3, 5)")
    sql(backend, "INSERT INTO contents (size, inline) VALUES (1, 'x')")
    begin(backend, SYSTEM, "d", name="half done")
    sql(backend, "UPDATE uploads SET active_ms = 5")
    strew(backend, 3)
    time.sleep(0.003)
    seen = foresee(backend, AT_ONCE, lambda key: None).tally.counts
    assert seen["deleted files and collections"] == 3
    assert seen["old versions"] == 1
    assert seen["bytes that drives no longer count"] == 2 * len(LARGE) + 1
    done = upkeep(backend, replace(AT_ONCE, grace_s=DAY_S)).counts
    seen.pop("checksums computed")  # of the content that no version names, which is gone by then
    assert done == seen


def test_random_changes_and_purges_keep_what_lives_and_only_that(backend: Backend) -> None:
    chance = random.Random(5)
    folders, files = ["d"], []
    for step in range(150):
        where, name = chance.choice(folders), f"{chance.choice(folders)}/n{chance.randrange(12)}"
        try:
            action = chance.choice(["write", "folder", "remove", "rename", "copy", "upkeep"])
            if action == "write":
                write(backend, name, bytes([step % 256]) * chance.choice([0, 3, 70, 200]))
                files.append(name)
            elif action == "folder":
                folder(backend, name)
                folders.append(name)
            elif action == "remove" and where != "d":
                remove(backend, where)
            elif action in ("rename", "copy"):
                (rename if action == "rename" else duplicate)(backend, chance.choice(folders[1:] + files), name)
            elif action == "upkeep" and step % 3 == 0:
                before = listing(backend, "d")
                upkeep(backend, AT_ONCE)
                assert listing(backend, "d") == before
                assert not findings(backend)
        except Exception as error:
            if type(error).__module__ != "davdrive.errors" and not isinstance(error, IndexError):
                raise
    upkeep(backend, AT_ONCE)
    assert used(backend) == sum(map(len, listing(backend, "d").values()))
    assert not findings(backend)
