"""Backup, restore and moving: what goes in comes out, on whatever kind of store."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.errors import AlreadyExists, Damaged, NotFound, Unavailable
from davdrive.metadata.alone import alone
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import ObjectOptions, S3Options
from davdrive.settings.folders import DATABASE_FILE
from davdrive.upkeep.backup.making import Made, back_up
from davdrive.upkeep.backup.manifest import numbers
from davdrive.upkeep.backup.pruning import keep_newest
from davdrive.upkeep.backup.restoring import Restored, restore
from davdrive.upkeep.emptying import Emptying, empty_trash
from davdrive.upkeep.migrating import migrate_store
from davdrive.upkeep.rounds import LOCK, run_round
from tests.support.postgres import Postgres
from tests.support.seaweed import Seaweed
from tests.upkeep.conftest import AT_ONCE, backend_on
from tests.upkeep.upkeep_rig import (
    LARGE,
    content_of,
    count,
    findings,
    folder,
    listing,
    objects_of,
    remove,
    rename,
    upkeep,
    write,
)  # fmt: skip


def quiet(stage: str, amount: int) -> None:
    """Nobody watches."""


def backed_up(backend: Backend, store: MemoryStore) -> Made:
    return back_up(backend, store, quiet)


@pytest.fixture
def other(tmp_path: Path, migrated: Path) -> Iterator[Backend]:
    """An empty backend on SQLite."""
    (tmp_path / "other").mkdir()
    shutil.copy(migrated, tmp_path / "other" / DATABASE_FILE)
    made = backend_on(sqlite_url(tmp_path / "other"), MemoryStore())
    yield made
    made.contents.close()
    made.database.close()


def populate(backend: Backend) -> None:
    folder(backend, "d/a")
    for number in range(30):
        write(backend, f"d/a/{number}", b"%d" % number * (number * 9))
    write(backend, "d/a/7", LARGE)
    rename(backend, "d/a/8", "d/ü")
    remove(backend, "d/a/9")


def restored(other: Backend, store: MemoryStore, number: int | None = None) -> Restored:
    done = restore(other, store, quiet, number)
    assert not done.findings
    return done


def test_what_was_backed_up_is_restored_with_history_and_trash(backend: Backend, other: Backend) -> None:
    populate(backend)
    store = MemoryStore()
    backed_up(backend, store)
    restored(other, store)
    assert listing(other, "d") == listing(backend, "d")
    for table in ("drives", "nodes", "entries", "versions", "contents", "segments", "commits"):
        assert count(other, table) == count(backend, table)
    write(other, "d/a/new", b"ids go on where they were")
    assert not findings(other)


def test_a_backup_of_sqlite_is_restored_on_postgresql(other: Backend, postgres_url: str) -> None:
    target = backend_on(postgres_url, MemoryStore())
    source, store = other, MemoryStore()
    ensure_drive(source, "d")
    populate(source)
    backed_up(source, store)
    restored(target, store)
    assert listing(target, "d") == listing(source, "d")
    write(target, "d/a/new", LARGE)
    assert not findings(target)
    target.database.close()


def test_the_second_backup_copies_only_what_is_new_and_both_can_be_restored(backend: Backend, other: Backend) -> None:
    populate(backend)
    store = MemoryStore()
    first = backed_up(backend, store)
    before = listing(backend, "d")
    write(backend, "d/a/7", b"another content of two segments".ljust(100))
    second = backed_up(backend, store)
    assert first.copied == first.manifest.objects > 20
    assert (second.copied, second.copied_bytes) == (2, 100)
    restored(other, store, number=1)
    assert listing(other, "d") == before


def test_a_backup_while_people_write_is_one_moment_of_the_drive(backend: Backend, other: Backend) -> None:
    stop = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            write(backend, "d/one", b"%d" % number * 30)
            write(backend, "d/two", b"%d" % number * 30)
            number += 1

    writer = threading.Thread(target=keep_writing)
    writer.start()
    store = MemoryStore()
    try:
        while count(backend, "versions") < 3:
            pass
        backed_up(backend, store)
    finally:
        stop.set()
        writer.join()
    restored(other, store)
    assert int(content_of(other, "d/one")[:-60] or 0) >= 0
    assert count(other, "versions") in (count(other, "commits"), count(other, "commits") - 1)


def test_purging_waits_for_a_backup_and_a_backup_for_purging(backend: Backend) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")
    with alone(backend.database, LOCK) as held:
        assert held is not None
        assert held.held()
        assert not run_round(backend, AT_ONCE, whole=True).alone
        with alone(backend.database, LOCK) as second:
            assert second is None
    # PostgreSQL lets go of a lock a moment after its connection was closed.
    assert run_round(backend, AT_ONCE, whole=True, wait_s=20).tally


def test_a_backup_without_its_end_does_not_exist(backend: Backend) -> None:
    populate(backend)

    room = [5]

    class Full(MemoryStore):
        def keep(self, key: str, content: bytes) -> None:
            if len(self.objects) > room[0]:
                raise Unavailable("the store went away")
            super().keep(key, content)

    store = Full()
    with pytest.raises(Unavailable):
        backed_up(backend, store)
    assert not numbers(store)
    room[0] = 1000
    made = backed_up(backend, store)
    assert 0 < made.copied < made.manifest.objects


def test_missing_bytes_are_told_with_their_file_and_only_asked_for_a_backup_of_the_rest_is_made(
    backend: Backend, other: Backend
) -> None:
    write(backend, "d/good")
    good = set(objects_of(backend))
    write(backend, "d/bad")
    backend.contents.store.delete(min(objects_of(backend).keys() - good))
    store = MemoryStore()
    with pytest.raises(Damaged, match="missing of /d/bad"):
        backed_up(backend, store)
    assert not numbers(store)
    made = back_up(backend, store, quiet, keep=1, despite_damage=True)
    assert made.lost == ("/d/bad",)
    done = restore(other, store, quiet)
    assert content_of(other, "d/good") == LARGE
    assert ["/d/bad" in finding.message for finding in done.findings] == [True]


def test_old_backups_are_removed_with_what_only_they_needed(backend: Backend, other: Backend) -> None:
    populate(backend)
    store = MemoryStore()
    backed_up(backend, store)
    remove(backend, "d/a")
    upkeep(backend, AT_ONCE)
    write(backend, "d/last", LARGE)
    backed_up(backend, store)
    removed_backups, removed_objects = keep_newest(store, 1)
    assert removed_backups == 1
    assert removed_objects > 20
    restored(other, store)
    assert listing(other, "d") == listing(backend, "d")


def test_damage_in_the_backup_is_found_by_restoring(backend: Backend, other: Backend) -> None:
    write(backend, "d/file")
    store = MemoryStore()
    backed_up(backend, store)
    key = next(iter(objects_of(backend)))
    store.keep(key, b"\0" * len(store.objects[key].content))
    done = restore(other, store, quiet)
    assert ["checksum" in finding.message and "/d/file" in finding.message for finding in done.findings] == [True]


def test_a_backup_is_restored_only_where_nothing_is_and_only_if_it_is_there(backend: Backend, other: Backend) -> None:
    store = MemoryStore()
    with pytest.raises(NotFound, match="no backup"):
        restored(other, store)
    backed_up(backend, store)
    with pytest.raises(AlreadyExists):
        restore(backend, store, quiet)
    with pytest.raises(NotFound, match="no backup 9; there are 1"):
        restored(other, store, number=9)


def test_an_interrupted_restore_goes_on_with_what_is_missing(backend: Backend, other: Backend) -> None:
    populate(backend)
    store = MemoryStore()
    made = backed_up(backend, store)
    for key in list(objects_of(backend))[:10]:
        other.contents.store.keep(key, store.objects[key].content)  # type: ignore[attr-defined]
    assert restored(other, store).copied == made.manifest.objects - 10


def test_everything_moves_from_sqlite_and_a_folder_to_postgresql_and_s3(
    tmp_path: Path, postgres: Postgres, postgres_url: str, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    source = backend_on(sqlite_url(tmp_path / "old"), LocalStore(tmp_path / "objects"))
    ensure_drive(source, "d")
    populate(source)
    store = open_objects(seaweed.url(), ObjectOptions(s3=S3Options(endpoint_url=seaweed.endpoint_url)))
    target = backend_on(postgres_url, store)
    moved = migrate_store(source, target.database, store, quiet)
    assert moved.objects > 20
    assert migrate_store(source, None, store, quiet).objects == 0
    assert listing(target, "d") == listing(source, "d")
    write(target, "d/new")
    assert not findings(target)
    with pytest.raises(AlreadyExists):
        migrate_store(source, target.database, None, quiet)
    for each in (source, target):
        each.contents.close()
        each.database.close()
    store.close()


def test_emptying_the_trash_frees_room_and_keeps_old_versions_unless_told(backend: Backend) -> None:
    write(backend, "d/file", b"one")
    write(backend, "d/file", b"two")
    write(backend, "d/gone", LARGE)
    remove(backend, "d/gone")
    tally = empty_trash(backend, "d", Emptying(), AT_ONCE)
    assert not tally
    time.sleep(0.003)
    tally = empty_trash(backend, "d", Emptying(settle_s=0), AT_ONCE)
    assert tally.counts["bytes that drives no longer count"] == len(LARGE)
    assert count(backend, "versions") == 2
    empty_trash(backend, "d", Emptying(versions=True, settle_s=0), AT_ONCE)
    assert count(backend, "versions") == 1
    assert not findings(backend)
