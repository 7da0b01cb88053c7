"""What the local store called durable survives a power cut, and every single sync is needed for it (P1, P6)."""

from pathlib import Path

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.open import open_database, sqlite_url
from davdrive.errors import Damaged
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.statement import Statement
from davdrive.objects.keys import new_key
from davdrive.objects.local import LocalStore
from tests.crash.page_cache import PageCache, caching

CONTENT = b"durable" * 1000


def _store_one(root: Path, key: str) -> None:
    store = LocalStore(root)
    writer = store.create(key, len(CONTENT), Deadline())
    writer.write(CONTENT)
    writer.finish()
    store.close()


def _survives(cache: PageCache, root: Path, left: Path, key: str) -> bool:
    """Whether the object is whole after a power cut."""
    cache.note_folders(root)
    cache.power_cut(left)
    store = LocalStore(left / root.name)
    try:
        return b"".join(store.read(key, 0, len(CONTENT), Deadline())) == CONTENT
    except Damaged:
        return False
    finally:
        store.close()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    return tmp_path / "base"


def test_an_object_that_was_finished_survives_a_power_cut(base: Path, tmp_path: Path) -> None:
    key = new_key()
    with caching(base) as cache:
        _store_one(base / "objects", key)
    assert cache.syncs, "nothing was ever synced"
    assert _survives(cache, base / "objects", tmp_path / "left", key)


def test_it_survives_in_a_data_directory_that_was_made_for_it(base: Path, tmp_path: Path) -> None:
    """Every folder on the way down is new: each one's name has to reach the disk too."""
    key, root = new_key(), base / "new" / "data" / "objects"
    with caching(base) as cache:
        _store_one(root, key)
    cache.note_folders(root)
    cache.power_cut(tmp_path / "left")
    store = LocalStore(tmp_path / "left" / root.relative_to(base))
    assert b"".join(store.read(key, 0, len(CONTENT), Deadline())) == CONTENT
    store.close()


def test_every_sync_is_needed(base: Path, tmp_path: Path) -> None:
    """Left out one by one: the object is lost each time."""
    key = new_key()
    with caching(base) as counted:
        _store_one(base / "objects", key)
    for skip in range(1, counted.syncs + 1):
        again = tmp_path / f"base {skip}"
        again.mkdir()
        with caching(again, skip) as cache:
            _store_one(again / "objects", key)
        assert not _survives(cache, again / "objects", tmp_path / f"left {skip}", key), f"sync {skip} is not needed"


def test_a_folder_that_another_process_made_and_did_not_sync_is_synced_by_the_next(base: Path, tmp_path: Path) -> None:
    key = new_key()
    sibling = key[:-1] + ("0" if key[-1] != "0" else "1")
    with caching(base) as cache:
        LocalStore(base / "objects").close()
        outer, inner, _ = sibling.split("/")
        (base / "objects" / outer / inner).mkdir(parents=True)
        cache.note_folders(base / "objects" / outer / inner)
        _store_one(base / "objects", key)
    assert _survives(cache, base / "objects", tmp_path / "left", key)


def test_a_data_directory_that_another_process_made_and_did_not_sync_is_synced_by_the_next(
    base: Path, tmp_path: Path
) -> None:
    key = new_key()
    with caching(base) as cache:
        (base / "objects").mkdir()
        cache.note_folders(base / "objects")
        _store_one(base / "objects", key)
    assert _survives(cache, base / "objects", tmp_path / "left", key)


def test_an_object_before_finish_is_not_there_after_a_power_cut(base: Path, tmp_path: Path) -> None:
    key = new_key()
    with caching(base) as cache:
        store = LocalStore(base / "objects")
        writer = store.create(key, len(CONTENT), Deadline())
        writer.write(CONTENT)
        cache.note_folders(base / "objects")
        cache.power_cut(tmp_path / "left")
        writer.abort()
        store.close()
    left = LocalStore(tmp_path / "left" / "objects")
    assert list(left.list()) == []
    left.close()


def test_every_connection_to_sqlite_syncs_its_commits(tmp_path: Path) -> None:
    """SQLite's own syncs are its authors' business (they test them the same way); that they are on is ours."""
    database = open_database(DatabaseOptions(sqlite_url(tmp_path), pool_size=3))
    with database.snapshot() as one, database.snapshot() as other:
        for session in (one, other):
            assert session.value(Statement("PRAGMA synchronous")) == 2
            assert session.value(Statement("PRAGMA journal_mode")) == "wal"
            assert session.value(Statement("PRAGMA foreign_keys")) == 1
    database.close()
