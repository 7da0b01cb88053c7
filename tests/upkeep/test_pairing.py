"""A database and an object store that belong together: who is taken for whom, and what a wrong one may not do."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.errors import AlreadyExists, BadRequest, Strangers, Unavailable
from davdrive.metadata.database import Database
from davdrive.metadata.doomed import doom
from davdrive.metadata.pairing import Pairing, pairing
from davdrive.metadata.statement import Statement
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from davdrive.objects.memory import MemoryStore
from davdrive.objects.open import open_objects
from davdrive.objects.options import ObjectOptions, S3Options
from davdrive.settings.folders import DATABASE_FILE
from davdrive.upkeep.backup.making import back_up
from davdrive.upkeep.backup.restoring import restore, verify_backup
from davdrive.upkeep.check import check_and_repair
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.mark import as_text
from davdrive.upkeep.migrating import migrate_store
from davdrive.upkeep.pairing import BACKUPS, FOREIGN, LACKS, OTHERS, UNREADABLE, adopt, look, objection, settle
from davdrive.upkeep.rounds import run_round
from davdrive.upkeep.sweep import FEW_OBJECTS
from tests.support.seaweed import Seaweed
from tests.upkeep.conftest import AT_ONCE, backend_on
from tests.upkeep.test_backup_places import empty, quiet
from tests.upkeep.upkeep_rig import content_of, findings, objects_of, remove, strew, upkeep, write

__all__ = ["empty"]
NODES = 3


def store_of(backend: Backend) -> MemoryStore:
    store = backend.contents.store
    assert isinstance(store, MemoryStore)
    return store


def mark_of(store: ObjectStore) -> str:
    text = store.read_mark()
    assert text is not None
    return str(json.loads(text)["mark"])


def known_to(database: Database) -> Pairing | None:
    return database.read(pairing)


def start(backend: Backend, store: ObjectStore | None = None) -> None:
    """What a start of a server does about it."""
    settle(backend.database, store or backend.contents.store)


def belong_together(backend: Backend) -> bool:
    own = known_to(backend.database)
    return own is not None and own.id == mark_of(backend.contents.store)


def with_store(backend: Backend, store: ObjectStore) -> Backend:
    """The same database, configured with another store."""
    return Backend(backend.database, ContentStore(store, segment_bytes=64, inline_bytes=8))


@pytest.fixture
def url(tmp_path: Path, migrated: Path) -> str:
    """SQLite alone: what is asked of a database is the same few statements in every test."""
    shutil.copy(migrated, tmp_path / DATABASE_FILE)
    return sqlite_url(tmp_path)


@pytest.fixture
def other(empty: Callable[[], Backend]) -> Backend:
    """Another davdrive, which has begun, with a file."""
    made = empty()
    ensure_drive(made, "d")
    write(made, "d/theirs")
    start(made)
    return made


def test_a_first_start_marks_the_store_and_later_ones_change_nothing(backend: Backend) -> None:
    start(backend)
    assert belong_together(backend)
    before = mark_of(store_of(backend))
    start(backend)
    upkeep(backend, AT_ONCE)
    assert mark_of(store_of(backend)) == before
    assert findings(backend) == []


@pytest.mark.parametrize("kind", ["url", "postgres_url"])
def test_nodes_that_start_at_once_on_nothing_agree_on_one_mark(kind: str, request: pytest.FixtureRequest) -> None:
    store = MemoryStore()
    nodes = [backend_on(request.getfixturevalue(kind), store) for _ in range(NODES)]
    try:
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(start, nodes))
            assert belong_together(nodes[0])
            first = mark_of(store)
            list(pool.map(start, nodes))
        assert mark_of(store) == first
    finally:
        for node in nodes:
            node.contents.close()
            node.database.close()


def test_a_store_of_before_there_were_marks_gets_one_at_the_next_start(backend: Backend) -> None:
    write(backend, "d/old")
    strew(backend, FEW_OBJECTS + 1)
    assert findings(backend) == []
    start(backend)
    assert belong_together(backend)
    assert content_of(backend, "d/old")


def test_what_a_crash_left_of_a_first_upload_is_nobody_elses(backend: Backend) -> None:
    strew(backend, FEW_OBJECTS)
    start(backend)
    assert belong_together(backend)


@pytest.mark.parametrize("marked", [False, True], ids=["before the store is marked", "after it"])
def test_a_start_that_is_broken_off_is_done_again(
    marked: bool, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(backend, "d/file")
    store = store_of(backend)

    def break_off(mark: bytes) -> None:
        store.mark = mark if marked else None
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_mark", break_off)
        with pytest.raises(KeyboardInterrupt):
            start(backend)
    assert (store.mark is not None) == marked
    assert findings(backend) == []
    start(backend)
    assert belong_together(backend)
    assert look(backend.database, store).settled


def test_of_two_databases_that_mark_a_store_at_the_same_moment_one_hears_of_it(
    backend: Backend, other: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = store_of(other).read_mark()
    assert theirs is not None

    def overtaken(mark: bytes) -> None:
        store_of(backend).mark = theirs

    monkeypatch.setattr(store_of(backend), "write_mark", overtaken)
    with pytest.raises(Strangers):
        start(backend)
    with pytest.raises(Strangers):
        start(backend)


@dataclass(frozen=True)
class Wrong:
    """A database and a store that are not of each other, and what is said of them."""

    make: Callable[[Backend, Backend], Backend]
    sentence: str


def _ours_on_theirs(backend: Backend, other: Backend) -> Backend:
    write(backend, "d/file")
    start(backend)
    return with_store(backend, other.contents.store)


def _fresh_on_theirs(backend: Backend, other: Backend) -> Backend:
    return with_store(backend, other.contents.store)


def _fresh_on_unmarked(backend: Backend, other: Backend) -> Backend:
    strew(other, FEW_OBJECTS + 1)
    store_of(other).mark = None
    return with_store(backend, other.contents.store)


def _ours_on_nothing(backend: Backend, other: Backend) -> Backend:
    write(backend, "d/file")
    start(backend)
    return with_store(backend, MemoryStore())


def _old_on_nothing(backend: Backend, other: Backend) -> Backend:
    write(backend, "d/file")
    return with_store(backend, MemoryStore())


def _restored_on_the_store_that_it_was_backed_up_from(backend: Backend, other: Backend) -> Backend:
    place = MemoryStore()
    back_up(other, place, quiet)
    for table in ("nodes", "drives"):
        backend.database.write(lambda session, table=table: session.run(Statement(f"DELETE FROM {table}")))  # type: ignore[misc]
    restore(backend, place, quiet)
    start(backend)
    write(other, "d/since")
    return with_store(backend, other.contents.store)


def _on_its_backups(backend: Backend, other: Backend) -> Backend:
    write(backend, "d/file")
    place = MemoryStore()
    back_up(backend, place, quiet)
    return with_store(backend, place)


WRONGS = {
    "ours on theirs": Wrong(_ours_on_theirs, FOREIGN),
    "a new one on theirs": Wrong(_fresh_on_theirs, FOREIGN),
    "a new one on a store without a mark": Wrong(_fresh_on_unmarked, OTHERS),
    "ours on an empty store": Wrong(_ours_on_nothing, LACKS),
    "one of before there were marks on an empty store": Wrong(_old_on_nothing, LACKS),
    "a restored one on the store of the first": Wrong(_restored_on_the_store_that_it_was_backed_up_from, FOREIGN),
    "a place of backups": Wrong(_on_its_backups, BACKUPS),
}


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=name) for name, wrong in WRONGS.items()])
def test_a_wrong_pair_is_refused_and_nothing_of_the_store_is_touched(
    wrong: Wrong, backend: Backend, other: Backend
) -> None:
    pair = wrong.make(backend, other)
    strew(pair, 3)
    if store_of(pair).mark is not None:  # without one, that they were doomed here would tell that they are ours
        backend.database.write(lambda session: doom(session, sorted(objects_of(pair)), 0))
    before, mark, own = objects_of(pair), store_of(pair).mark, known_to(backend.database)
    with pytest.raises(Strangers) as refused:
        start(pair)
    assert str(refused.value) == objection(pair.database, pair.contents.store) == wrong.sentence
    for options in (AT_ONCE, replace(AT_ONCE, sweep_most=True)):
        assert wrong.sentence in run_round(pair, options, whole=True).refused
        assert wrong.sentence in run_round(pair, replace(options, sweep_interval_s=3600), whole=False).refused
        assert foresee(pair, options, lambda key: None).refused == wrong.sentence
    list(check_and_repair(pair))
    assert (objects_of(pair), store_of(pair).mark, known_to(backend.database)) == (before, mark, own)


GARBLED = {
    "nothing": lambda mark: b"",
    "half of it": lambda mark: mark[:60],
    "another byte": lambda mark: mark.replace(mark[12:13], b"z", 1),
    "a page of a proxy": lambda mark: b"<html>come again</html>",
    "what is no object": lambda mark: b"null",
}


@pytest.mark.parametrize("garble", GARBLED.values(), ids=GARBLED)
def test_a_mark_that_is_garbled_proves_nothing_and_nothing_is_touched_until_it_can_be_read(
    garble: Callable[[bytes], bytes], backend: Backend
) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")
    start(backend)
    whole = store_of(backend).mark
    assert whole is not None
    store_of(backend).mark = garble(whole)
    for attempt in (start, lambda backend: upkeep(backend, AT_ONCE)):
        with pytest.raises(Unavailable) as refused:
            attempt(backend)
        assert type(refused.value) is Unavailable
        assert str(refused.value) == objection(backend.database, backend.contents.store) == UNREADABLE
    assert f"{findings(backend)[0]}; " in UNREADABLE
    assert len(objects_of(backend)) == 4
    store_of(backend).mark = whole
    upkeep(backend, AT_ONCE)
    assert not objects_of(backend)


def test_upkeep_with_a_wrong_store_goes_on_with_the_rows(backend: Backend) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")
    start(backend)
    store_of(backend).mark = as_text("somebody else's")
    assert upkeep(backend, AT_ONCE).counts["deleted files and collections"] == 1
    assert len(objects_of(backend)) == 4
    store_of(backend).mark = None
    upkeep(backend, AT_ONCE)
    assert not objects_of(backend)


def test_upkeep_marks_a_store_that_no_start_could_reach(backend: Backend) -> None:
    write(backend, "d/file")
    upkeep(backend, AT_ONCE)
    assert belong_together(backend)


def test_an_upkeep_that_has_nothing_to_do_in_the_store_does_not_ask_it(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep(backend, AT_ONCE)

    def away() -> bytes:
        raise Unavailable("the object store does not answer")

    monkeypatch.setattr(store_of(backend), "read_mark", away)
    assert not run_round(backend, replace(AT_ONCE, sweep_interval_s=3600), whole=False).refused
    with pytest.raises(Unavailable):
        upkeep(backend, AT_ONCE)


def test_who_only_looks_draws_no_mark_and_finds_nothing_wrong_without_one(backend: Backend) -> None:
    write(backend, "d/file")
    assert objection(backend.database, backend.contents.store) == ""
    assert not foresee(backend, AT_ONCE, lambda key: None).refused
    assert findings(backend) == []
    assert (store_of(backend).mark, known_to(backend.database)) == (None, None)


def test_check_tells_of_a_mark_that_was_lost_and_repair_makes_another(backend: Backend) -> None:
    write(backend, "d/file")
    start(backend)
    store_of(backend).mark = None
    assert findings(backend) == ["the object store has lost the mark that says that it is this database's"]
    assert store_of(backend).mark is None
    assert [each.mended for each in check_and_repair(backend)] == [True]
    assert belong_together(backend)
    assert findings(backend) == []


def test_check_tells_of_a_foreign_mark_and_how_to_take_the_store_over_and_repair_does_not(
    backend: Backend, other: Backend
) -> None:
    pair = _ours_on_theirs(backend, other)
    (found,) = [each for each in check_and_repair(pair) if "has a mark" in each.finding.message]
    assert not found.mended
    assert f"{found.finding.message}; {found.finding.how}" == FOREIGN
    assert "run davdrive adopt-store" in found.finding.how
    adopt(pair.database, pair.contents.store)
    assert belong_together(pair)
    with pytest.raises(Strangers):
        start(other)


def test_a_place_of_backups_is_never_adopted(backend: Backend, other: Backend) -> None:
    pair = _on_its_backups(backend, other)
    with pytest.raises(BadRequest, match="backups"):
        adopt(pair.database, pair.contents.store)
    assert store_of(pair).mark is None


def test_a_backup_never_goes_into_the_store_of_a_drive_be_it_empty(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    nothing_yet = empty()
    start(nothing_yet)
    with pytest.raises(BadRequest, match="store of a drive"):
        back_up(backend, nothing_yet.contents.store, quiet)
    assert not objects_of(nothing_yet)


def test_a_restored_drive_is_a_pair_of_its_own(backend: Backend, empty: Callable[[], Backend]) -> None:
    write(backend, "d/file")
    start(backend)
    place, restored = MemoryStore(), empty()
    back_up(backend, place, quiet)
    assert not verify_backup(place, quiet)[1]
    assert not restore(restored, place, quiet).findings
    start(restored)
    assert belong_together(restored)
    assert mark_of(store_of(restored)) != mark_of(store_of(backend))
    assert belong_together(backend)


def test_restoring_into_a_store_that_is_anothers_is_refused_until_somebody_says_that_it_is_not(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    """The database is lost, the bucket is not."""
    write(backend, "d/file")
    start(backend)
    place = MemoryStore()
    back_up(backend, place, quiet)
    new = with_store(empty(), backend.contents.store)
    before = objects_of(backend)
    with pytest.raises(Strangers, match="davdrive adopt-store"):
        restore(new, place, quiet)
    assert objects_of(backend) == before
    adopt(new.database, new.contents.store)
    done = restore(new, place, quiet)
    assert (done.copied, done.findings) == (0, ())
    start(new)
    assert content_of(new, "d/file")


@pytest.mark.parametrize("goes_on", ["new", "old"])
def test_when_the_metadata_moved_the_first_database_to_start_has_the_store_and_the_other_has_lost_it(
    goes_on: str, backend: Backend, empty: Callable[[], Backend]
) -> None:
    write(backend, "d/file")
    start(backend)
    target = empty()
    assert not migrate_store(backend, target.database, None, quiet).findings
    moved = with_store(target, backend.contents.store)
    first, second = (moved, backend) if goes_on == "new" else (backend, moved)
    for each in (first, second):
        assert objection(each.database, each.contents.store) == ""
        assert findings(each) == []
    start(first)
    assert belong_together(first)
    with pytest.raises(Strangers):
        start(second)
    adopt(second.database, second.contents.store)
    with pytest.raises(Strangers):
        start(first)


def test_metadata_that_move_twice_before_a_start_have_one_heir(backend: Backend, empty: Callable[[], Backend]) -> None:
    start(backend)
    heirs = [with_store(empty(), backend.contents.store) for _ in range(2)]
    for heir in heirs:
        migrate_store(backend, heir.database, None, quiet)
    start(heirs[0])
    for other in (backend, heirs[1]):
        with pytest.raises(Strangers):
            start(other)


def test_objects_that_moved_are_the_same_databases_and_the_old_store_is_not_any_more(backend: Backend) -> None:
    write(backend, "d/file")
    start(backend)
    moved = with_store(backend, MemoryStore())
    migrate_store(backend, None, moved.contents.store, quiet)
    assert store_of(moved).mark is None
    start(moved)
    assert belong_together(moved)
    write(moved, "d/since")
    with pytest.raises(Strangers):
        start(backend)


def test_what_moved_altogether_is_a_pair_of_its_own(backend: Backend, empty: Callable[[], Backend]) -> None:
    write(backend, "d/file")
    start(backend)
    target = empty()
    assert not migrate_store(backend, target.database, target.contents.store, quiet).findings
    start(target)
    assert belong_together(target)
    assert belong_together(backend)


def test_objects_never_move_into_the_store_of_another_davdrive_be_it_empty(
    backend: Backend, empty: Callable[[], Backend]
) -> None:
    write(backend, "d/file")
    nothing_yet = empty()
    start(nothing_yet)
    with pytest.raises(AlreadyExists, match="store of a davdrive"):
        migrate_store(backend, None, nothing_yet.contents.store, quiet)
    assert not objects_of(nothing_yet)


def test_a_folder_by_another_name_and_a_data_directory_that_was_copied_are_the_same(
    tmp_path: Path, migrated: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated, folder / DATABASE_FILE)
    (tmp_path / "link").symlink_to(folder)
    backend = backend_on(sqlite_url(folder), LocalStore(folder / "objects"))
    ensure_drive(backend, "d")
    write(backend, "d/file")
    start(backend)
    start(backend, LocalStore(tmp_path / "link" / "objects"))
    assert belong_together(backend)
    backend.close()


@pytest.fixture
def bucket(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ObjectStore]]:
    """Opens a part of one prefix of the bucket."""
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    base, opened = seaweed.url(), list[ObjectStore]()

    def at(end: str) -> ObjectStore:
        opened.append(open_objects(base + end, ObjectOptions(s3=S3Options(endpoint_url=seaweed.endpoint_url))))
        return opened[-1]

    yield at
    for store in opened:
        store.close()


def test_a_bucket_by_two_spellings_of_a_prefix_is_one_store_and_another_prefix_is_another(
    empty: Callable[[], Backend], bucket: Callable[[str], ObjectStore]
) -> None:
    backend = with_store(empty(), bucket("/a"))
    ensure_drive(backend, "d")
    write(backend, "d/file")
    start(backend)
    start(backend, bucket("/a/"))
    for end in ("", "/a/b", "/c"):
        with pytest.raises(Strangers):
            start(backend, bucket(end))
        assert bucket(end).read_mark() is None
    assert belong_together(backend)
