"""What people ask history for: the trash, old versions, and having both back."""

import pytest

from davdrive.drive.backend import Backend
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.versions import list_versions
from davdrive.errors import AlreadyExists, Forbidden, NotFound, ParentMissing
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.drives import find_drive
from davdrive.metadata.purging import prune_commits, purge_entries
from davdrive.metadata.session import Session
from tests.upkeep.upkeep_rig import (
    LARGE,
    at,
    content_of,
    duplicate,
    findings,
    folder,
    listing,
    remove,
    rename,
    write,
)  # fmt: skip


def trash(backend: Backend) -> dict[str, int]:
    return {str(item.path): item.id for item in list_trash(backend, SYSTEM, "d")}


def versions(backend: Backend, path: str) -> list[tuple[int, int, bool]]:
    return [(each.id, each.size, each.is_current) for each in list_versions(backend, SYSTEM, at(path))]


def test_a_deleted_tree_is_one_item_and_comes_back_whole(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/one")
    write(backend, "d/a/two", b"2")
    before = listing(backend, "d")
    remove(backend, "d/a")
    found = trash(backend)
    assert list(found) == ["/d/a"]
    assert restore_deleted(backend, SYSTEM, "d", found["/d/a"]) == at("d/a")
    assert listing(backend, "d") == before
    assert not trash(backend)
    assert not findings(backend)


def test_what_was_moved_or_saved_by_renaming_is_not_in_the_trash(backend: Backend) -> None:
    write(backend, "d/letter", b"first")
    write(backend, "d/letter.tmp", b"second")
    rename(backend, "d/letter.tmp", "d/letter")
    rename(backend, "d/letter", "d/moved")
    assert not trash(backend)


def test_a_collection_that_was_replaced_is_in_the_trash(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/file")
    folder(backend, "d/b")
    rename(backend, "d/b", "d/a")
    assert list(trash(backend)) == ["/d/a"]


def test_restored_into_its_collection_wherever_that_is_now(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/file")
    remove(backend, "d/a/file")
    rename(backend, "d/a", "d/renamed")
    assert str(restore_deleted(backend, SYSTEM, "d", trash(backend)["/d/a/file"])) == "/d/renamed/file"


def test_when_the_collection_is_gone_too_another_place_does(backend: Backend) -> None:
    folder(backend, "d/a")
    write(backend, "d/a/file")
    remove(backend, "d/a/file")
    remove(backend, "d/a")
    found = trash(backend)
    with pytest.raises(ParentMissing, match="deleted too"):
        restore_deleted(backend, SYSTEM, "d", found["/d/a/file"])
    restore_deleted(backend, SYSTEM, "d", found["/d/a/file"], at("d/file"))
    assert content_of(backend, "d/file") == LARGE
    restore_deleted(backend, SYSTEM, "d", found["/d/a"])
    assert listing(backend, "d/a") == {}
    assert not findings(backend)


def test_nothing_is_replaced_by_restoring(backend: Backend) -> None:
    write(backend, "d/file", b"old")
    remove(backend, "d/file")
    write(backend, "d/file", b"new")
    with pytest.raises(AlreadyExists):
        restore_deleted(backend, SYSTEM, "d", trash(backend)["/d/file"])
    with pytest.raises(Forbidden):
        restore_deleted(backend, SYSTEM, "d", trash(backend)["/d/file"], at("e/file"))
    with pytest.raises(NotFound):
        restore_deleted(backend, SYSTEM, "d", 999_999)
    assert content_of(backend, "d/file") == b"new"


def test_who_may_not_see_a_drive_sees_no_trash_of_it(backend: Backend) -> None:
    with pytest.raises(NotFound):
        list(list_trash(backend, Caller("stranger", 77), "d"))


def test_the_trash_is_read_page_by_page(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("davdrive.drive.trash.PAGE_ITEMS", 3)
    for number in range(8):
        write(backend, f"d/{number}", b"")
        remove(backend, f"d/{number}")
    assert list(trash(backend)) == [f"/d/{number}" for number in range(7, -1, -1)]


def test_versions_are_those_of_the_file_through_renames(backend: Backend) -> None:
    write(backend, "d/draft", b"1")
    write(backend, "d/draft", b"22")
    rename(backend, "d/draft", "d/final")
    write(backend, "d/final", b"333")
    assert [(size, current) for _, size, current in versions(backend, "d/final")] == [(3, True), (2, False), (1, False)]


def test_versions_are_also_those_that_a_save_by_rename_replaced(backend: Backend) -> None:
    write(backend, "d/letter", b"1")
    write(backend, "d/letter.tmp", b"22")
    rename(backend, "d/letter.tmp", "d/letter")
    # Word: the old file moves out of the way, the new one takes its name, the old one goes.
    write(backend, "d/~new", b"333")
    rename(backend, "d/letter", "d/~old")
    rename(backend, "d/~new", "d/letter")
    remove(backend, "d/~old")
    assert [size for _, size, _ in versions(backend, "d/letter")] == [3, 2, 1]


def test_of_a_file_that_gave_its_name_away_only_its_time_there_counts(backend: Backend) -> None:
    write(backend, "d/name", b"1")
    rename(backend, "d/name", "d/elsewhere")
    write(backend, "d/elsewhere", b"never called that")
    write(backend, "d/name", b"22")
    assert [size for _, size, _ in versions(backend, "d/name")] == [2, 1]


def test_an_old_version_becomes_the_newest_and_shares_its_bytes(backend: Backend) -> None:
    write(backend, "d/file", LARGE)
    write(backend, "d/file", b"oops")
    identity = versions(backend, "d/file")[1][0]
    written = restore_version(backend, SYSTEM, at("d/file"), identity)
    assert not written.created
    assert content_of(backend, "d/file") == LARGE
    assert [size for _, size, _ in versions(backend, "d/file")] == [200, 4, 200]
    assert not findings(backend)


def test_a_deleted_file_has_versions_and_lives_again_by_one(backend: Backend) -> None:
    write(backend, "d/file", b"kept")
    remove(backend, "d/file")
    assert [current for _, _, current in versions(backend, "d/file")] == [False]
    assert restore_version(backend, SYSTEM, at("d/file"), versions(backend, "d/file")[0][0]).created
    assert content_of(backend, "d/file") == b"kept"


def test_a_version_of_another_path_is_not_restored_here(backend: Backend) -> None:
    write(backend, "d/one", b"1")
    write(backend, "d/two", b"2")
    with pytest.raises(NotFound):
        restore_version(backend, SYSTEM, at("d/two"), versions(backend, "d/one")[0][0])
    duplicate(backend, "d/one", "d/copy")
    with pytest.raises(NotFound):
        restore_version(backend, SYSTEM, at("d/copy"), versions(backend, "d/one")[0][0])
    with pytest.raises(NotFound, match="is and was no file"):
        versions(backend, "d/three")


def test_what_is_being_purged_is_no_longer_in_the_trash(backend: Backend) -> None:
    """A tree that is gone in part must not come back in part."""
    folder(backend, "d/a")
    for number in range(5):
        write(backend, f"d/a/{number}")
    remove(backend, "d/a")
    item = trash(backend)["/d/a"]
    drive = backend.database.read(lambda session: find_drive(session, "d", SYSTEM))

    def begin(session: Session) -> None:
        prune_commits(session, drive.id, drive.revision, 500)
        purge_entries(session, drive.id, drive.revision, 3, 0)

    backend.database.write(begin)
    assert not trash(backend)
    with pytest.raises(NotFound):
        restore_deleted(backend, SYSTEM, "d", item)
