"""Where a backup may go, what keeps the good ones good, and backups of older versions."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from davdrive.deadline import unlimited
from davdrive.drive.backend import Backend
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.errors import AlreadyExists, BadRequest, Damaged, Unavailable
from davdrive.metadata.alone import alone
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.dumping import TableRows
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.in_use import in_use
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.statement import Statement
from davdrive.objects.base import ObjectInfo
from davdrive.objects.content import ContentStore
from davdrive.objects.keys import new_key
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import ObjectOptions, S3Options
from davdrive.objects.probe import PROBE
from davdrive.settings.folders import DATABASE_FILE
from davdrive.upkeep.backup import restoring
from davdrive.upkeep.backup.dump_file import packed, unpacked
from davdrive.upkeep.backup.making import back_up
from davdrive.upkeep.backup.manifest import MARKER, Stored, keep_small, key_of, numbers, read_manifest, write_manifest
from davdrive.upkeep.backup.restoring import restore, verify_backup
from davdrive.upkeep.migrating import migrate_store
from davdrive.upkeep.rounds import LOCK
from tests.support.seaweed import Seaweed
from tests.upkeep.conftest import backend_on
from tests.upkeep.upkeep_rig import at, findings, folder, listing, objects_of, remove, strew, write


def quiet(stage: str, amount: int) -> None:
    """Nobody watches."""


@pytest.fixture
def empty(tmp_path: Path, migrated: Path) -> Iterator[Callable[[], Backend]]:
    """Makes empty backends on SQLite."""
    made: list[Backend] = []

    def make() -> Backend:
        place = tmp_path / f"empty-{len(made)}"
        place.mkdir()
        shutil.copy(migrated, place / DATABASE_FILE)
        made.append(backend_on(sqlite_url(place), MemoryStore()))
        return made[-1]

    yield make
    for each in made:
        each.contents.close()
        each.database.close()


def populate(backend: Backend) -> None:
    folder(backend, "d/a")
    for number in range(9):
        write(backend, f"d/a/{number}", b"%d" % number * (number * 20 + 1))
        write(backend, f"d/a/{number}", b"%d" % number * (number * 21))
    remove(backend, "d/a/3")
    patch_properties(backend, SYSTEM, at("d/a"), PropertyPatch((PropertyChange(PropertyName("urn:x", "c"), "<c/>"),)))
    lock(backend, SYSTEM, at("d/a/5"), LockRequest(infinite=False, timeout_s=3600))


def everything(backend: Backend, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a backup is of."""
    tables = {
        "drives": "id, name, quota_bytes, used_bytes, retention_s, next_node", "nodes": "*", "entries": "*",
        "versions": "*", "contents": "id, size, sha256, inline", "segments": "*", "properties": "*", "locks": "*",
        "users": "*", "members": "*", "commits": "*",
    }  # fmt: skip
    return {
        table: backend.database.read(
            lambda session, table=table, columns=columns: sorted(  # type: ignore[misc]
                map(plain, session.rows(Statement(f"SELECT {columns} FROM {table}"))), key=repr
            )
        )
        for table, columns in tables.items()
        if table not in without
    }


def plain(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def test_a_restored_store_has_the_same_rows_with_locks_properties_and_users(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    populate(backend)
    backend.database.write(
        lambda session: session.run(
            Statement("""INSERT INTO users (name, name_key, password_hash, administrator, created_ms)
                VALUES ('Eve', 'eve', 'x', 0, 1)""")
        )
    )
    store, other = MemoryStore(), empty()
    back_up(backend, store, quiet)
    assert not restore(other, store, quiet).findings
    assert everything(other) == everything(backend)
    assert listing(other, "d") == listing(backend, "d")


def older(store: MemoryStore, schema: str) -> None:
    """Turn the backup 1 into one of a schema that knew no drafts."""
    manifest = read_manifest(store, 1)

    def without_drafts(page: TableRows) -> TableRows:
        if "draft" not in page.columns:
            return page
        at_column = page.columns.index("draft")
        return TableRows(
            page.table,
            (*page.columns[:at_column], *page.columns[at_column + 1 :]),
            [(*row[:at_column], *row[at_column + 1 :]) for row in page.rows],
        )

    with ContentStore(store, inline_bytes=0) as files:
        with files.read(manifest.metadata.refs(), 0, manifest.metadata.size, unlimited()) as blocks:
            pages = [without_drafts(page) for page in unpacked(blocks)]
        metadata = Stored.of(files.write(packed(pages), unlimited()))
    store.delete(key_of(1))
    fields = {name: getattr(manifest, name) for name in ("number", "made_ms", "objects", "bytes", "listing")}
    write_manifest(store, type(manifest)(version="0.0.5", schema=schema, metadata=metadata, **fields))


def test_a_backup_of_an_older_version_is_restored(backend: Backend, empty: Callable[[], Backend]) -> None:
    source, store = empty(), MemoryStore()
    ensure_drive(source, "d")
    populate(source)
    back_up(source, store, quiet)
    older(store, "0005")
    assert not verify_backup(store, quiet)[1]
    backend.database.write(lambda session: session.run(Statement("DELETE FROM nodes")))
    backend.database.write(lambda session: session.run(Statement("DELETE FROM drives")))
    assert not restore(backend, store, quiet).findings
    assert everything(backend) == everything(source)
    write(backend, "d/goes on")
    assert not findings(backend)


def test_of_two_davdrives_that_come_to_a_place_at_the_same_moment_one_has_it(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    """Each looks before the other's marker is there; the one whose marker was written over makes no backup."""
    other, store = empty(), MemoryStore()

    def meanwhile(stage: str, size: int) -> None:
        if stage == "metadata":
            store.delete(MARKER)
            back_up(other, store, quiet)

    with pytest.raises(BadRequest, match="of another davdrive"):
        back_up(backend, store, meanwhile)
    assert numbers(store) == [1]
    back_up(other, store, quiet)


def test_a_backup_of_a_newer_version_says_which(backend: Backend, empty: Callable[[], Backend]) -> None:
    store = MemoryStore()
    back_up(backend, store, quiet)
    older(store, "9999")
    with pytest.raises(BadRequest, match=r"0\.0\.5, which is newer"):
        restore(empty(), store, quiet)


def test_a_backup_never_goes_into_the_store_that_it_is_of(backend: Backend) -> None:
    write(backend, "d/file")
    before = objects_of(backend)
    with pytest.raises(BadRequest, match="own store"):
        back_up(backend, backend.contents.store, quiet)
    assert objects_of(backend) == before


def test_a_backup_never_goes_among_objects_of_something_else(backend: Backend, empty: Callable[[], Backend]) -> None:
    other = empty()
    ensure_drive(other, "d")
    write(other, "d/file")
    with pytest.raises(BadRequest, match="no backup"):
        back_up(backend, other.contents.store, quiet, keep=1)
    store = MemoryStore()
    back_up(other, store, quiet)
    with pytest.raises(BadRequest, match="of another davdrive"):
        back_up(backend, store, quiet, keep=1)
    assert numbers(store) == [1]


def test_what_a_first_backup_left_when_it_was_killed_does_not_bar_its_place(backend: Backend) -> None:
    store = MemoryStore()
    keep_small(store, new_key(), PROBE)
    back_up(backend, store, quiet)
    assert numbers(store) == [1]


def test_what_was_restored_goes_on_with_the_backups_that_it_came_from(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    store, other = MemoryStore(), empty()
    back_up(backend, store, quiet)
    restore(other, store, quiet)
    assert back_up(other, store, quiet).manifest.number == 2


def test_no_good_backup_is_removed_when_one_that_stays_is_broken(backend: Backend) -> None:
    populate(backend)
    store = MemoryStore()
    for _ in range(2):
        back_up(backend, store, quiet)
    store.delete(read_manifest(store, 2).metadata.segments[0][0])
    with pytest.raises(Damaged):
        back_up(backend, store, quiet, keep=2)
    assert numbers(store) == [1, 2, 3]
    assert not verify_backup(store, quiet, 1)[1]


def test_a_backup_is_verified_where_it_lies(backend: Backend) -> None:
    write(backend, "d/good")
    store = MemoryStore()
    back_up(backend, store, quiet)
    assert not verify_backup(store, quiet)[1]
    key = min(objects_of(backend))
    store.keep(key, b"\0" * len(store.objects[key].content))
    assert "checksum" in verify_backup(store, quiet)[1][0].message


def test_old_backups_are_removed_before_another_backup_can_count_on_their_objects(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    back_up(backend, store, quiet)
    seen = []

    def prune(store: MemoryStore, keep: int) -> tuple[int, int]:
        with alone(backend.database, LOCK) as held:
            seen.append(held)
        return 1, 0

    monkeypatch.setattr("davdrive.upkeep.backup.making.keep_newest", prune)
    back_up(backend, store, quiet, keep=1)
    assert seen == [None]


def test_upkeep_of_a_server_that_runs_there_waits_for_a_restore(
    backend: Backend, empty: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(backend)
    store, other, seen = MemoryStore(), empty(), []
    back_up(backend, store, quiet)
    copy = restoring.copy_objects

    def look(*arguments: object) -> int:
        with alone(other.database, LOCK) as held:
            seen.append(held)
        return copy(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(restoring, "copy_objects", look)
    restore(other, store, quiet)
    assert seen == [None]


def test_a_change_after_the_objects_were_copied_is_not_lost_without_a_word(empty: Callable[[], Backend]) -> None:
    source, target = empty(), empty()
    ensure_drive(source, "d")
    populate(source)

    class Slow(MemoryStore):
        def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
            yield from super().list(prefix, after)
            if not prefix:
                write(source, "d/meanwhile")

    with pytest.raises(Unavailable, match="changed meanwhile"):
        migrate_store(source, target.database, Slow(), quiet)
    assert not everything(target)["drives"]


def test_what_a_first_move_left_when_it_was_killed_does_not_bar_its_place(empty: Callable[[], Backend]) -> None:
    source, store = empty(), MemoryStore()
    ensure_drive(source, "d")
    write(source, "d/file")
    keep_small(store, new_key(), PROBE)
    assert migrate_store(source, None, store, quiet).objects > 0


def test_objects_never_move_among_those_of_another_davdrive(empty: Callable[[], Backend]) -> None:
    source, other = empty(), empty()
    ensure_drive(source, "d")
    populate(source)
    strew(other, 3)
    with pytest.raises(AlreadyExists, match="something else"):
        migrate_store(source, None, other.contents.store, quiet)
    assert len(objects_of(other)) == 3


def test_a_database_that_a_server_has_open_is_in_use(url: str) -> None:
    assert not in_use(DatabaseOptions(url))
    running = backend_on(url, MemoryStore())
    running.database.read(lambda session: session.value(Statement("SELECT 1")))
    assert in_use(DatabaseOptions(url))
    running.database.close()
    running.contents.close()
    assert not in_use(DatabaseOptions(url))


def test_everything_moves_back_from_postgresql_and_s3_to_sqlite_and_a_folder(
    tmp_path: Path, postgres_url: str, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, empty: Callable[[], Backend]
) -> None:
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    store = open_objects(seaweed.url(), ObjectOptions(s3=S3Options(endpoint_url=seaweed.endpoint_url)))
    source, target, place = backend_on(postgres_url, store), empty(), LocalStore(tmp_path / "objects")
    ensure_drive(source, "d")
    populate(source)
    moved = migrate_store(source, target.database, place, quiet)
    assert not moved.findings
    assert moved.objects > 20
    there = Backend(target.database, ContentStore(place))
    assert listing(there, "d") == listing(source, "d")
    assert everything(there) == everything(source)
    there.contents.close()
    source.contents.close()
    source.database.close()
    store.close()
