"""A row for every kind of damage that the tables can have, made on purpose on both databases: told, and mended if that
can be. What the database itself would refuse is made with its checks switched off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.begin import begin
from davdrive.drive.uploads.find import UploadRef
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.row_rules import RULES
from davdrive.upkeep.check import CheckOptions, check_and_repair
from davdrive.upkeep.checking.findings import Finding
from tests.upkeep.conftest import AT_ONCE
from tests.upkeep.upkeep_rig import (
    LARGE,
    at,
    content_of,
    count,
    findings,
    folder,
    listing,
    remove,
    rename,
    upkeep,
    write,
)  # fmt: skip

NODE = "(SELECT max(node) FROM entries WHERE name = '{}')"


@dataclass(frozen=True)
class Damage:
    """`make`: statements, `told`: words of what `check` says, `mended`: whether nothing is wrong afterwards."""

    make: tuple[str, ...]
    told: str
    mended: bool = True
    without_indexes: tuple[str, ...] = ()


TABLE: dict[str, Damage] = {
    "a circle": Damage((f"UPDATE entries SET parent = {NODE.format('b')} WHERE name = 'a'",), "inside itself"),
    "an orphan": Damage(("DELETE FROM entries WHERE name = 'a'",), "has no name"),
    "an entry to a missing node": Damage(("UPDATE entries SET node = 900 WHERE name = 'b'",), "a name of nothing"),
    "an entry in a missing collection": Damage(
        ("UPDATE entries SET parent = 901 WHERE name = 'b'",), "in no collection"
    ),
    "an entry in a file": Damage(
        (f"UPDATE entries SET parent = {NODE.format('small')} WHERE name = 'b'",), "inside a file"
    ),
    "a root that stands inside something": Damage(
        ("UPDATE entries SET node = 1 WHERE name = 'b'",), "root stands inside"
    ),
    "two live names that are the same": Damage(
        ("UPDATE entries SET name = 'a', name_key = 'a' WHERE name = 'small'",),
        "has the name of something else",
        without_indexes=("entries_live_name",),
    ),
    "two live names of one node": Damage(
        (
            "INSERT INTO entries (drive, parent, name, name_key, node, since) "
            f"VALUES (1, 1, 'z', 'z', {NODE.format('small')}, 4)",
        ),
        "two names at the same time",
        without_indexes=("entries_live_node",),
    ),
    "a name that nobody can ask for": Damage(
        ("UPDATE entries SET name = 'a/b', name_key = 'a/b' WHERE name = 'small'",), "nobody can ask for"
    ),
    "a name with another's key": Damage(
        ("UPDATE entries SET name_key = 'smell' WHERE name = 'small'",), "cannot be found by its name"
    ),
    "a name that ended before it began": Damage(
        ("UPDATE entries SET until = 1, since = 3 WHERE name = 'gone'",), "ended before it began"
    ),
    "names at the same time in history": Damage(
        ("UPDATE entries SET until = until + 1 WHERE name = 'first'",), "two names at the same time"
    ),
    "versions that overlap": Damage(
        ("UPDATE versions SET until = until + 1 WHERE size = 4",), "two contents at the same time"
    ),
    "two current versions": Damage(
        ("UPDATE versions SET until = NULL WHERE size = 4",),
        "two contents at the same time",
        without_indexes=("versions_live",),
    ),
    "a version that ended before it began": Damage(
        ("UPDATE versions SET until = 0 WHERE size = 4",), "ended before it began"
    ),
    "a file that lost its current version": Damage(
        ("UPDATE versions SET until = since WHERE size = 5",), "has no content, though"
    ),
    "a file that never had a version": Damage(
        ("DELETE FROM versions WHERE size IN (4, 5)",), "file without a content", mended=False
    ),
    "a version of a missing node": Damage(
        (f"DELETE FROM nodes WHERE drive = 1 AND id = {NODE.format('small')}",), "a file (node"
    ),
    "a version without a content": Damage(("DELETE FROM contents WHERE size = 5",), "has no content", mended=False),
    "a version of a wrong size": Damage(
        ("UPDATE versions SET size = 6 WHERE size = 5",), "another size than the file says"
    ),
    "a content of a wrong size": Damage(
        ("UPDATE contents SET size = 199 WHERE size = 200",), "do not add up", mended=False
    ),
    "a missing segment": Damage(("DELETE FROM segments WHERE start = 64",), "do not add up", mended=False),
    "a missing last segment": Damage(("DELETE FROM segments WHERE start = 192",), "do not add up", mended=False),
    "a gap between segments": Damage(
        ("UPDATE segments SET start = 65 WHERE start = 64",), "do not add up", mended=False
    ),
    "a gap and an overlap that even out": Damage(
        (
            "UPDATE segments SET start = 60 WHERE start = 64",
            "UPDATE segments SET length = 68 WHERE start = 128",
            "UPDATE segments SET start = 196, length = 4 WHERE start = 192",
        ),
        "do not add up",
        mended=False,
    ),
    "a node of no kind": Damage(
        (f"UPDATE nodes SET kind = 7 WHERE id = {NODE.format('small')}",), "neither a file nor"
    ),
    "a collection that is taken for a file": Damage(
        (f"UPDATE nodes SET kind = 1 WHERE id = {NODE.format('a')}",), "is taken for a file"
    ),
    "a root that is taken for a file": Damage(("UPDATE nodes SET kind = 1 WHERE id = 1",), "is taken for a file"),
    "a file that is taken for a collection": Damage(
        (f"UPDATE nodes SET kind = 0 WHERE id = {NODE.format('small')}",), "is taken for a collection"
    ),
    "a drive without a root": Damage(("DELETE FROM nodes WHERE drive = 1 AND id = 1",), "has no root"),
    "wrong used bytes": Damage(("UPDATE drives SET used_bytes = 3 WHERE id = 1",), "counts 3 bytes"),
    "a counter of nodes that is behind": Damage(
        ("UPDATE drives SET next_node = 2 WHERE id = 1",), "node numbers twice"
    ),
    "a counter of changes that is behind": Damage(
        ("UPDATE drives SET revision = 2 WHERE id = 1",), "counts its changes too low"
    ),
    "a lock on nothing": Damage(("UPDATE locks SET node = 900",), "a lock on /small holds nothing"),
    "a lock on what was deleted": Damage((f"UPDATE locks SET node = {NODE.format('gone')}",), "holds nothing"),
    "a part without an upload": Damage(("DELETE FROM uploads",), "parts are kept of an upload"),
    "a part of an upload that is over": Damage(("UPDATE uploads SET state = 2",), "parts are kept of an upload"),
    "an upload that counts wrong": Damage(("UPDATE uploads SET received = 7",), "counts other bytes than it has"),
    "a property of nothing": Damage(("UPDATE properties SET node = 900",), "is of nothing"),
    "a member who is no user": Damage(("INSERT INTO members VALUES (1, 77, 3)",), "who is no user"),
    "a role that there is not": Damage(
        (
            "INSERT INTO users (id, name, name_key, password_hash, administrator, created_ms) "
            "VALUES (1, 'eve', 'eve', 'x', 0, 0)",
            "INSERT INTO members VALUES (1, 1, 9)",
        ),
        "has a role that there is not",
        mended=False,
    ),
    "an app password of nobody": Damage(
        ("INSERT INTO app_passwords (\"user\", label, password_hash, created_ms) VALUES (77, 'x', 'x', 0)",),
        "app password is of",
    ),
}


@contextmanager
def unchecked(backend: Backend, without_indexes: tuple[str, ...]) -> Iterator[Callable[[str], None]]:
    """Statements that no foreign key and none of some indexes hinders."""
    engine = sa.create_engine(backend.database.engine.url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        lite = engine.dialect.name == "sqlite"
        for index in without_indexes:
            connection.execute(sa.text(f"DROP INDEX {index}"))
        if not lite:
            connection.execute(sa.text("SET session_replication_role = replica"))
        yield lambda text: connection.exec_driver_sql(text) and None
    engine.dispose()


@pytest.fixture
def used(backend: Backend) -> Backend:
    """A drive with a bit of everything, and nothing wrong."""
    folder(backend, "d/a")
    folder(backend, "d/a/b")
    write(backend, "d/a/b/file")
    write(backend, "d/small", b"tiny")
    write(backend, "d/small", b"other")
    write(backend, "d/first", b"renamed")
    rename(backend, "d/first", "d/second")
    folder(backend, "d/gone")
    remove(backend, "d/gone")
    write(backend, "e/elsewhere")
    lock(backend, SYSTEM, at("d/small"), LockRequest(infinite=False))
    patch_properties(
        backend, SYSTEM, at("d/second"), PropertyPatch((PropertyChange(PropertyName("urn:x", "color"), "<color/>"),))
    )
    upload = begin(backend, SYSTEM, "d", name="half done")
    add_part(backend, SYSTEM, UploadRef("d", id=upload.id), 1, "1", [LARGE], PartOptions(), Deadline())
    assert not findings(backend)
    return backend


def mend_all(backend: Backend) -> list[Finding]:
    """Mend until nothing more is; what was told."""
    told: list[Finding] = []
    for _ in range(5):
        found = list(check_and_repair(backend, CheckOptions(read_data=True)))
        told += [each.finding for each in found]
        if not any(each.mended for each in found):
            break
    return told


def cases() -> Iterator[tuple[str, str]]:
    """All on SQLite; on PostgreSQL those that rules written for both find and mend."""
    for name, damage in TABLE.items():
        yield "sqlite", name
        if any(damage.told in rule.message.replace("{}", "/small") for rule in RULES):
            yield "postgresql", name


@pytest.mark.parametrize(("url", "name"), list(cases()), indirect=["url"])
def test_damage_is_told_and_mended(used: Backend, name: str) -> None:
    damage = TABLE[name]
    before = set(listing(used, "d").values())
    with unchecked(used, damage.without_indexes) as run:
        for statement in damage.make:
            run(statement)
    assert [message for message in findings(used) if damage.told in message], findings(used)
    mend_all(used)
    assert (not findings(used)) == damage.mended, findings(used)
    if damage.mended:
        assert before - set(listing(used, "d").values()) <= {b"other"}
        write(used, "d/goes on", b"and can be written to")
        assert content_of(used, "d/goes on") == b"and can be written to"
        upkeep(used, AT_ONCE)
        assert not findings(used)
        assert count(used, "parts") in (0, 4)


@pytest.mark.parametrize("taken_for", ["a collection that is taken for a file", "a root that is taken for a file"])
def test_what_is_taken_for_a_file_keeps_its_members_with_their_names(used: Backend, taken_for: str) -> None:
    before = listing(used, "d")
    with unchecked(used, ()) as run:
        for statement in TABLE[taken_for].make:
            run(statement)
    mend_all(used)
    assert listing(used, "d") == before


def test_a_content_that_does_not_add_up_does_not_make_its_file_say_so_too(used: Backend) -> None:
    with unchecked(used, ()) as run:
        run("UPDATE contents SET size = 199 WHERE size = 200")
    told = [finding.message for finding in mend_all(used)]
    assert [message for message in told if "do not add up" in message]
    assert not [message for message in told if "another size" in message]
    assert not [message for message in told if "counts" in message]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_mend_that_the_database_refuses_does_not_keep_the_rest_from_being_mended(used: Backend) -> None:
    with unchecked(used, ()) as run:
        run("DELETE FROM nodes WHERE drive = 2 AND id > 1")
        run("DELETE FROM drives WHERE id = 2")  # so that what is stored of its file cannot become a file again
        run("UPDATE drives SET used_bytes = 3 WHERE id = 1")
    mend_all(used)
    assert not [message for message in findings(used) if "counts 3 bytes" in message]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_indexes_that_rows_contradict_are_made_again_once_the_rows_are_mended(used: Backend) -> None:
    with unchecked(used, ("entries_live_name",)) as run:
        run("UPDATE entries SET name = 'a', name_key = 'a' WHERE name = 'small'")
        run("CREATE INDEX entries_live_name ON entries (drive, parent, name_key) WHERE until IS NULL")
        run("PRAGMA writable_schema = ON")
        run("UPDATE sqlite_schema SET sql = replace(sql, 'E INDEX', 'E UNIQUE INDEX') WHERE name = 'entries_live_name'")
    assert [message for message in findings(used) if "non-unique" in message], findings(used)
    mend_all(used)
    assert not findings(used)
