"""Paths and listings, on both databases alike."""

from collections.abc import Sequence
from functools import partial

import pytest

from davdrive.errors import NotFound
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive
from davdrive.metadata.entries import close_entry, open_entry
from davdrive.metadata.members import FIRST_PAGE, NEXT_PAGES, Bounds, page_properties, pages
from davdrive.metadata.properties import PropertyName, ask_properties, by_node, set_property
from davdrive.metadata.resources import chain, locate, open_file
from davdrive.metadata.session import Question
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Transaction
from tests.metadata.metadata_rig import add, add_many, change, found, keys, make_drive, remove, write_in


def _names(database: Database, drive: int, revision: int, parent: int = ROOT) -> list[str]:
    return [each.name for page in pages(database, drive, parent, revision) for each in page.members]


def _revision(database: Database) -> int:
    return database.read(lambda session: find_drive(session, "home", SYSTEM)).revision


def test_a_path_is_found_name_by_name_as_far_as_it_goes(database: Database) -> None:
    make_drive(database)
    outer = add(database, "a", data=None)
    inner = add(database, "b", outer, data=None)
    file = add(database, "c", inner, b"data")
    walked = database.read(lambda session: chain(session, keys("a", "b", "c", "d")))
    assert [(each.name, each.node) for each in walked] == [("", ROOT), ("a", outer), ("b", inner), ("c", file)]
    _, resource, content = database.read(lambda session: open_file(session, keys("a", "b", "c"), SYSTEM))
    assert (resource.node, content and content.inline) == (file, b"data")
    for missing in (keys("a", "x"), keys("a", "b", "c", "d"), keys("a", drive="other")):
        with pytest.raises(NotFound):
            database.read(partial(locate, path=missing, caller=SYSTEM))
    with pytest.raises(NotFound):
        database.read(lambda session: locate(session, keys("a"), Caller("stranger", 5)))


def test_a_drive_that_folds_case_finds_by_the_folded_key(database: Database) -> None:
    make_drive(database, folds=True)
    add(database, "Name")
    assert found(database, "NAME").name == "Name"


@pytest.mark.parametrize("count", [0, 1, FIRST_PAGE - 1, FIRST_PAGE, FIRST_PAGE + 1, FIRST_PAGE + NEXT_PAGES + 1])
def test_a_listing_has_every_member_once_in_order(database: Database, count: int) -> None:
    drive = make_drive(database)
    names = [f"n{number:05}" for number in range(count)]
    add_many(database, names)
    assert _names(database, drive, _revision(database)) == names


def test_a_listing_shows_one_revision_whatever_happens_between_its_pages(database: Database) -> None:
    drive = make_drive(database)
    add_many(database, [f"n{number:03}" for number in range(3 * FIRST_PAGE)])
    revision = _revision(database)
    listing = pages(database, drive, ROOT, revision)
    seen = [each.name for each in next(listing).members]
    last, moved = found(database, "n299"), found(database, "n250")
    add(database, "n150-and-a-half")
    remove(database, found(database, "n200").node)
    remove(database, found(database, "n000").node)

    def rename(transaction: Transaction) -> None:
        close_entry(transaction, transaction.drive, ROOT, moved.node)
        open_entry(transaction, transaction.drive, ROOT, "zzz", "zzz", moved.node)

    change(database, rename)
    change(database, lambda transaction: write_in(transaction, last.node, b"much longer"))
    rest = [each for page in listing for each in page.members]
    assert seen + [each.name for each in rest] == [f"n{number:03}" for number in range(3 * FIRST_PAGE)]
    assert (rest[-1].size, rest[-1].etag) == (last.size, last.etag)
    now = _names(database, drive, _revision(database))
    assert ("n150-and-a-half" in now, "n200" in now, now[-1]) == (True, False, "zzz")


def test_a_listing_of_the_past_shows_contents_of_the_past(database: Database) -> None:
    drive = make_drive(database)
    node = add(database, "f", data=b"1")
    then = _revision(database)
    for data in (b"22", b"333"):
        change(database, partial(write_in, node=node, data=data))
    add(database, "g")
    (page,) = pages(database, drive, ROOT, then)
    assert [(each.name, each.size) for each in page.members] == [("f", 1)]
    assert _names(database, drive, 0) == []


def test_digests_and_properties_come_with_the_page(database: Database) -> None:
    drive = make_drive(database)
    folder, file = add(database, "d", data=None), add(database, "f", data=b"1")
    for node, name in ((folder, "p"), (file, "q"), (ROOT, "own")):
        named = PropertyName("", name)
        database.write(partial(set_property, drive=drive, node=node, name=named, value=f"<{name}/>"))

    def beside(bounds: Bounds) -> Sequence[Question]:
        return page_properties(bounds), ask_properties(drive, ROOT)

    for _ in range(2):  # while the drive is still at that revision, and from its past
        (page,) = pages(database, drive, ROOT, 2, digests=True, beside=beside)
        assert page.digests == {file: {"md5": b"1".hex(), "sha256": (b"s" * 32).hex()}}
        members, own = map(by_node, page.answers)
        assert members == {folder: {PropertyName("", "p"): "<p/>"}, file: {PropertyName("", "q"): "<q/>"}}
        assert own == {ROOT: {PropertyName("", "own"): "<own/>"}}
        remove(database, file)
