"""Damage of objects and bytes, made on purpose (that of rows: `test_damage_table.py`), and where what was lost goes."""

import itertools
import shutil
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.open import ensure_drive, sqlite_url
from davdrive.drive.uploads.abort import abort
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.find import UploadRef
from davdrive.errors import Unavailable
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.statement import Statement
from davdrive.objects.memory import MemoryStore
from davdrive.settings.folders import DATABASE_FILE
from davdrive.upkeep.check import CheckOptions, check, check_and_repair
from davdrive.upkeep.rounds import run_round
from tests.upkeep.conftest import AT_ONCE, backend_on
from tests.upkeep.upkeep_rig import (
    LARGE,
    content_of,
    duplicate,
    findings,
    folder,
    listing,
    objects_of,
    remove,
    rename,
    sql,
    strew,
    write,
)  # fmt: skip


def mended(backend: Backend) -> list[bool]:
    return [each.mended for each in check_and_repair(backend)]


@pytest.fixture
def used(backend: Backend) -> Backend:
    """A drive with a bit of everything, and nothing wrong."""
    folder(backend, "d/a")
    folder(backend, "d/a/b")
    write(backend, "d/a/b/file")
    write(backend, "d/small", b"tiny")
    write(backend, "d/small", b"other")
    folder(backend, "d/gone")
    write(backend, "d/gone/file")
    remove(backend, "d/gone")
    assert not findings(backend)
    return backend


def test_a_circle_is_found_and_cut(used: Backend) -> None:
    sql(
        used,
        """
        UPDATE entries SET parent = (SELECT node FROM entries WHERE name = 'b') WHERE name = 'a'""",
    )
    assert len(findings(used)) == 2
    assert all(mended(used))
    assert not findings(used)
    assert LARGE in listing(used, "d").values()


def test_a_node_that_lost_its_name_gets_one_in_lost_and_found(used: Backend) -> None:
    sql(used, "DELETE FROM entries WHERE name = 'a'")
    assert ["has no name" in message for message in findings(used)] == [True]
    assert mended(used) == [True]
    assert not findings(used)
    assert [path for path, content in listing(used, "d").items() if content == LARGE] == ["d/lost+found/node-2/b/file"]


def test_a_missing_object_names_the_file_and_cannot_be_mended(used: Backend) -> None:
    used.contents.store.delete(sorted(objects_of(used))[0])
    found = [finding.message for finding in check(used)]
    assert len(found) == 1
    assert "/d/a/b/file" in found[0] or "a deleted file" in found[0]
    assert mended(used) == [False]


def test_an_object_that_is_too_short_is_found(used: Backend) -> None:
    store = used.contents.store
    assert isinstance(store, MemoryStore)
    for key, content in objects_of(used).items():
        store.keep(key, content[:-1])
    assert len(list(check(used))) == 8


def test_a_flipped_byte_is_found_by_reading_and_only_by_that(used: Backend) -> None:
    store = used.contents.store
    assert isinstance(store, MemoryStore)
    key, content = next(iter(objects_of(used).items()))
    store.keep(key, bytes([content[0] ^ 1]) + content[1:])
    assert not list(check(used))
    assert ["checksum" in message for message in findings(used)] == [True]


def test_a_flipped_byte_of_an_inline_content_is_found(used: Backend) -> None:
    flipped = "X'6F7468657A'" if used.database.dialect == "sqlite" else r"'\x6F7468657A'"
    sql(used, f"UPDATE contents SET inline = {flipped} WHERE size = 5")
    assert ["checksum" in message and "/d/small" in message for message in findings(used)] == [True]


def test_what_lies_in_the_trash_is_no_damage(used: Backend) -> None:
    remove(used, "d/a/b")
    remove(used, "d/a")
    assert not findings(used)


def test_the_check_reads_every_page_and_tells_how_far_it_is(used: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("davdrive.metadata.auditing.PAGE_ROWS", 2)
    read = itertools.count()
    stages = []
    options = CheckOptions(True, lambda stage, amount: stages.append((stage, amount + 0 * next(read))))
    assert not list(check(used, options))
    assert sum(amount for stage, amount in stages if stage == "every byte") == 2 * len(LARGE) + 4 + 5


def lite(tmp_path: Path, migrated: Path) -> Backend:
    shutil.copy(migrated, tmp_path / DATABASE_FILE)
    backend = backend_on(sqlite_url(tmp_path), MemoryStore())
    ensure_drive(backend, "d")
    for number in range(300):
        write(backend, f"d/{number}", b"%d" % number)
    backend.database.close()
    return backend


def test_an_index_that_lost_rows_is_made_again(tmp_path: Path, migrated: Path) -> None:
    lite(tmp_path, migrated)
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        # Two indexes, each with the pages of the other: both lack rows and have some too many.
        connection.execute("CREATE INDEX wrong ON entries (drive, node, until, since) WHERE id > 9")
        connection.execute("PRAGMA writable_schema = ON")
        pages = dict(
            connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE name IN ('wrong', 'entries_node')")
        )
        for name, other in (("wrong", "entries_node"), ("entries_node", "wrong")):
            connection.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = ?", (pages[other], name))
    connection.close()
    backend = backend_on(sqlite_url(tmp_path), MemoryStore())
    assert any("index entries_node" in message for message in findings(backend)), findings(backend)
    assert all(mended(backend))
    assert not findings(backend)
    backend.database.close()


def test_a_file_of_metadata_that_is_damaged_is_told_and_nothing_is_swept(tmp_path: Path, migrated: Path) -> None:
    lite(tmp_path, migrated)
    file = tmp_path / DATABASE_FILE
    content = bytearray(file.read_bytes())
    for place in range(len(content) // 8192 * 4096, len(content) - 4096, 3 * 4096):
        content[place + 20 : place + 1000] = b"\xff" * 980
    file.write_bytes(content)
    backend = backend_on(sqlite_url(tmp_path), MemoryStore())
    strew(backend, 3)
    time.sleep(0.003)
    assert next(check(backend)).promise == "database"
    with suppress(Unavailable):
        assert "damaged" in run_round(backend, AT_ONCE, whole=True).refused
    assert len(objects_of(backend)) == 3
    backend.database.close()


def test_a_local_object_that_the_disk_cannot_read_is_told_and_the_others_are_read(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(migrated, tmp_path / DATABASE_FILE)
    backend = backend_on(sqlite_url(tmp_path), MemoryStore())
    ensure_drive(backend, "d")
    write(backend, "d/bad")
    bad = set(objects_of(backend))
    write(backend, "d/good")
    read = backend.contents.store.read

    def failing(key: str, *where: Any) -> Any:
        if key in bad:
            raise Unavailable("the object store cannot be used right now (EIO)")
        return read(key, *where)

    monkeypatch.setattr(backend.contents.store, "remote", False)
    monkeypatch.setattr(backend.contents.store, "read", failing)
    assert ["/d/bad" in message and "EIO" in message for message in findings(backend)] == [True]
    backend.database.close()


def test_an_object_that_is_longer_than_needed_or_not_named_is_no_damage(used: Backend) -> None:
    store = used.contents.store
    assert isinstance(store, MemoryStore)
    for key, content in objects_of(used).items():
        store.keep(key, content + b"more")
    strew(used, 3)
    assert not findings(used)
    assert content_of(used, "d/a/b/file") == LARGE


def test_a_check_while_people_write_raises_no_false_alarm(backend: Backend) -> None:
    stop = threading.Event()

    def keep_writing(name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            folder(backend, f"d/{name}")
            write(backend, f"d/{name}/file", b"%d" % number * 40)
            write(backend, f"d/{name}/file", b"%d" % number * 50)
            duplicate(backend, f"d/{name}", f"d/{name} copy")
            rename(backend, f"d/{name}", f"d/{name} moved")
            upload = begin(backend, SYSTEM, "d", name=name)
            add_part(backend, SYSTEM, UploadRef("d", id=upload.id), 1, "1", [LARGE], PartOptions(), Deadline())
            abort(backend, SYSTEM, UploadRef("d", id=upload.id))
            for gone in (f"d/{name} moved", f"d/{name} copy"):
                remove(backend, gone)

    def keep_forgetting() -> None:
        while not stop.is_set():
            run_round(backend, replace(AT_ONCE, request_s=1), whole=True)

    threads = [threading.Thread(target=keep_writing, args=(name,)) for name in ("one", "two")]
    threads.append(threading.Thread(target=keep_forgetting))
    for thread in threads:
        thread.start()
    ends, told = time.monotonic() + 3, []
    while time.monotonic() < ends:
        told += findings(backend)
    stop.set()
    for thread in threads:
        thread.join()
    assert not told
    assert backend.database.read(lambda session: session.value(Statement("SELECT max(revision) FROM drives"))) > 20
