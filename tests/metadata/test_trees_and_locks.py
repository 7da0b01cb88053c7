"""Trees and lock rows, on both databases alike."""

from functools import partial

import pytest

from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.database import Database
from davdrive.metadata.drives import find_drive
from davdrive.metadata.entries import open_entry
from davdrive.metadata.locks import Lock, insert_lock, locks_below, locks_on, remove_locks_within
from davdrive.metadata.members import pages
from davdrive.metadata.properties import PropertyName, ask_properties, set_property
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import ROOT
from davdrive.metadata.transaction import Transaction
from davdrive.metadata.trees import TreeSize, copy_tree, measure_tree
from tests.metadata.metadata_rig import add, change, found, make_drive

_CONTENTS = Statement("SELECT count(*) FROM contents")
NOW = 1000


def _tree(database: Database) -> int:
    top = add(database, "top", data=None)
    inner = add(database, "inner", top, data=None)
    add(database, "one", top, b"1")
    add(database, "two", inner, b"22")
    return top


def _copy(database: Database, node: int, name: str) -> int:
    def work(transaction: Transaction) -> int:
        drive = transaction.drive
        copy = copy_tree(transaction, drive, node, drive, measure_tree(transaction.session, drive, node))
        open_entry(transaction, drive, ROOT, name, name, copy)
        return copy

    return change(database, work)


def test_a_copied_tree_has_the_same_names_and_shares_the_contents(database: Database) -> None:
    drive = make_drive(database)
    top = _tree(database)
    database.write(lambda session: set_property(session, drive, top, PropertyName("", "p"), "<p/>"))
    before = database.read(lambda session: session.value(_CONTENTS))
    copies = [_copy(database, top, f"copy{number}") for number in range(3)]
    assert database.read(lambda session: session.value(_CONTENTS)) == before
    for number, copy in enumerate(copies):
        assert found(database, f"copy{number}").node == copy
        here, there = found(database, "top", "inner", "two"), found(database, f"copy{number}", "inner", "two")
        assert (here.content, here.size, here.etag) == (there.content, there.size, there.etag)
        assert here.node != there.node
        question, where = ask_properties(drive, copy)
        assert database.read(lambda session, question=question, where=where: session.rows(question, **where))
        names = [each.name for page in pages(database, drive, copy, 99) for each in page.members]
        assert names == ["inner", "one"]
    assert database.read(lambda session: find_drive(session, "home", SYSTEM)).used_bytes == 4 * 3


def test_a_copy_that_fails_leaves_the_connection_fit_for_the_next(database: Database) -> None:
    make_drive(database)
    top = _tree(database)

    def work(transaction: Transaction) -> None:
        copy_tree(transaction, transaction.drive, top, transaction.drive, TreeSize(4, 3))
        raise ValueError("after the copy")

    with pytest.raises(ValueError, match="after the copy"):
        change(database, work)
    _copy(database, top, "copy")
    assert found(database, "copy", "inner", "two").size == 2


def test_a_tree_is_measured_with_its_top(database: Database) -> None:
    make_drive(database)
    top = _tree(database)
    drive = database.read(lambda session: find_drive(session, "home", SYSTEM))
    assert database.read(lambda session: measure_tree(session, drive, top)) == TreeSize(4, 3)
    assert database.read(lambda session: measure_tree(session, drive, ROOT)) == TreeSize(5, 3)


def _lock(drive: int, path: str, expires_ms: int = NOW + 1) -> Lock:
    return Lock(f"urn:uuid:{path}", drive, path, path, 0, 1, 0, None, "system", 1, 0, expires_ms, 0)


def test_locks_below_a_path_are_those_strictly_below_it(database: Database) -> None:
    drive = make_drive(database)
    paths = ["/", "/a", "/a/b", "/a/b/c", "/a b", "/a.txt", "/a0", "/ab", "/A", "/ä/x", "/a/\U0001f600"]
    for path in paths:
        database.write(partial(insert_lock, lock=_lock(drive, path)))
    database.write(lambda session: insert_lock(session, _lock(drive, "/a/old", NOW)))

    def below(key: str) -> list[str]:
        found = database.read(lambda session: locks_below(session, "home", key, "/none", NOW, 99))
        return [each.path for each in found]

    assert below("/a") == ["/a/b", "/a/b/c", "/a/\U0001f600"]
    assert below("/a/b") == ["/a/b/c"]
    assert sorted(below("/")) == sorted(set(paths) - {"/"})
    on = database.read(lambda session: locks_on(session, "home", ["/", "/a", "/a/old", "/none"], NOW))
    assert sorted(each.path for each in on) == ["/", "/a"]
    database.write(lambda session: remove_locks_within(session, drive, "/a"))
    assert sorted(below("/")) == sorted(set(paths) - {"/", "/a", "/a/b", "/a/b/c", "/a/\U0001f600"})


def test_on_a_case_insensitive_drive_the_folded_path_says_what_is_below(database: Database) -> None:
    drive = make_drive(database, folds=True)
    for path in ("/a/b", "/A/c"):
        database.write(partial(insert_lock, lock=_lock(drive, path)))
    found = database.read(lambda session: locks_below(session, "home", "/A", "/a", NOW, 99))
    assert [each.path for each in found] == ["/a/b"]
