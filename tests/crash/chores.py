"""Upkeep, moving and starting: work of many commits, or on stores beside the drive. Killed anywhere, the drive is as it
was, whatever was finished is whole, and the same work run again comes to its end."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from davdrive import metadata
from davdrive.cli.first_start import welcome
from davdrive.deadline import Deadline, unlimited
from davdrive.drive.backend import Backend
from davdrive.drive.digests import fill_digests
from davdrive.drive.names import DrivePath
from davdrive.drive.open import sqlite_url
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import list_members, open_content, read_bytes, stat
from davdrive.drive.uploads.add_part import PartOptions, add_part
from davdrive.drive.uploads.complete import complete
from davdrive.drive.uploads.expire import expire_uploads
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.chores import now_ms
from davdrive.metadata.dumping import is_empty
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.statement import Statement
from davdrive.metadata.users import all_users
from davdrive.objects.local import LocalStore
from davdrive.settings import load_settings
from davdrive.upkeep.backup.making import back_up
from davdrive.upkeep.backup.manifest import numbers
from davdrive.upkeep.backup.pruning import keep_newest
from davdrive.upkeep.backup.restoring import restore
from davdrive.upkeep.check import check_and_repair
from davdrive.upkeep.emptying import Emptying, empty_trash
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.migrating import migrate_store
from davdrive.upkeep.pairing import look
from davdrive.upkeep.trees.events import Outcome, TreeOptions
from davdrive.upkeep.trees.exporting import export_tree
from davdrive.upkeep.trees.importing import import_tree
from davdrive.upkeep.trees.partial import PARTIAL
from tests.crash.scene import AT_ONCE, LARGE, UPLOAD_REF, at, close_scene, open_scene

Act = Callable[[Backend, Path], Any]
OLDEST = "0001"
ONE_BY_ONE = TreeOptions(workers=1)


def _nothing(backend: Backend, data_dir: Path) -> None:
    """Nothing."""


@dataclass(frozen=True)
class Chore:
    """`prepare` is done before anything may happen; `outcome` is what an undisturbed run and an interrupted one that
    was repeated must both come to; `always` holds at any moment, or raises AssertionError. `clean`: `davdrive check`
    finds nothing before it, either."""

    act: Act
    outcome: Act
    prepare: Act = _nothing
    always: Act = _nothing
    clean: bool = True


def tree_of(backend: Backend, top: DrivePath) -> dict[str, bytes | None]:
    """Paths and bytes of everything below a collection; None for collections."""

    def walk(path: DrivePath) -> Iterator[tuple[str, bytes | None]]:
        found = stat(backend, SYSTEM, path)
        for page in list_members(backend, found.drive, found.resource):
            for member in page:
                below = DrivePath(path.drive, (*path.names, member.name))
                if member.is_collection:
                    yield str(below), None
                    yield from walk(below)
                else:
                    content = open_content(backend, SYSTEM, below).content
                    yield str(below), b"".join(read_bytes(backend, content, 0, content.size, unlimited()))

    return dict(walk(top))


def _silent(_: str, __: int = 0) -> None:
    """Nobody looks at the progress."""


def _backups(data_dir: Path) -> AbstractContextManager[LocalStore]:
    return closing(LocalStore(data_dir / "backups"))


def _back_up(backend: Backend, data_dir: Path) -> None:
    with _backups(data_dir) as store:
        back_up(backend, store, _silent)


def _back_up_and_prune(backend: Backend, data_dir: Path) -> None:
    with _backups(data_dir) as store:
        back_up(backend, store, _silent)
        keep_newest(store, 1)


def _first_backup(backend: Backend, data_dir: Path) -> None:
    _back_up(backend, data_dir)
    put(backend, SYSTEM, at("since"), [LARGE * 2], PutOptions())


def _every_backup_restores(_: Backend, data_dir: Path) -> None:
    with _backups(data_dir) as store:
        for number in numbers(store):
            _restored(data_dir, store, number)


def _restored(data_dir: Path, store: LocalStore, number: int | None) -> dict[str, bytes | None]:
    """The tree of a backup, restored to a folder that is gone afterwards."""
    folder = data_dir / "looked at"

    def work(empty: Backend) -> dict[str, bytes | None]:
        assert restore(empty, store, _silent, number).findings == ()
        return tree_of(empty, at())

    try:
        found: dict[str, bytes | None] = with_close(folder, work)
        return found
    finally:
        shutil.rmtree(folder)


def _newest_backup(backend: Backend, data_dir: Path) -> Any:
    with _backups(data_dir) as store:
        return _restored(data_dir, store, None)


def _only_backup(backend: Backend, data_dir: Path) -> Any:
    with _backups(data_dir) as store:
        assert len(numbers(store)) == 1
    return _newest_backup(backend, data_dir)


def _restore(_: Backend, data_dir: Path) -> None:
    def work(target: Backend) -> None:
        if target.database.read(is_empty):
            with _backups(data_dir) as store:
                assert restore(target, store, _silent).findings == ()

    with_close(data_dir / "restored", work)


def with_close(data_dir: Path, work: Callable[[Backend], Any]) -> Any:
    """What `work` says of another data directory."""
    backend = open_scene(data_dir)
    try:
        return work(backend)
    finally:
        close_scene(backend)


def _tree_in(name: str) -> Act:
    return lambda _, data_dir: with_close(data_dir / name, lambda other: tree_of(other, at()))


def _make_folder(_: Backend, data_dir: Path) -> None:
    inner = data_dir / "in" / "inner"
    inner.mkdir(parents=True)
    for name, body in (("a", b"a"), ("b", LARGE), ("inner/c", LARGE[::-1])):
        (data_dir / "in" / name).write_bytes(body)


def _import(backend: Backend, data_dir: Path) -> None:
    events = list(import_tree(backend, SYSTEM, data_dir / "in", at("imported"), ONE_BY_ONE))
    _no_failure([event.reason for event in events if event.outcome is Outcome.FAILED])


def _no_failure(reasons: list[str]) -> None:
    assert reasons == [], reasons


def _export(backend: Backend, data_dir: Path) -> None:
    events = list(export_tree(backend, SYSTEM, at(), data_dir / "out", ONE_BY_ONE))
    _no_failure([event.reason for event in events if event.outcome is Outcome.FAILED])


def _export_in_place(backend: Backend, data_dir: Path) -> None:
    (data_dir / "out").mkdir(exist_ok=True)
    for name, body in tree_of(backend, at()).items():
        if body is not None and name.count("/") == 2:
            descriptor = os.open(data_dir / "out" / Path(name).name, os.O_WRONLY | os.O_CREAT)
            os.write(descriptor, body)
            os.close(descriptor)


def _exported(_: Backend, data_dir: Path) -> dict[str, bytes]:
    out = data_dir / "out"
    files = (file for file in out.rglob("*") if file.is_file() and not file.name.startswith(PARTIAL))
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def _exported_files_are_whole(backend: Backend, data_dir: Path) -> None:
    tree = tree_of(backend, at())
    for name, body in _exported(backend, data_dir).items():
        assert tree[f"/d/{name}"] == body, name


def _migrate_store(backend: Backend, data_dir: Path) -> None:
    def work(target: Backend) -> None:
        database = target.database if target.database.read(is_empty) else None
        migrate_store(backend, database, target.contents.store, _silent)

    with_close(data_dir / "moved", work)


def _folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _old_schema(_: Backend, data_dir: Path) -> None:
    """A database as the first davdrive made it, with a drive in it."""
    config = Config()
    config.set_main_option("script_location", str(Path(metadata.__file__).parent / "migrations"))
    engine = create_engine(sqlite_url(_folder(data_dir / "old")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDEST)
    engine.dispose()


def _schema(_: Backend, data_dir: Path) -> list[Any]:
    with sqlite3.connect(data_dir / "old" / "davdrive.db") as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        found += connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return found


def _first_start(_: Backend, data_dir: Path) -> None:
    settings = {"data_dir": str(data_dir / "first"), "run_dir": str(data_dir / "run"), "auth.argon2_memory_kib": 8}
    welcome(load_settings(settings, environment={}))


def _begun(_: Backend, data_dir: Path) -> Any:
    """The users, and whether the store is marked as the database's."""

    def work(first: Backend) -> Any:
        settled = look(first.database, first.contents.store).settled
        return [user.name for user in first.database.read(all_users)], settled

    return with_close(data_dir / "first", work)


def _damage(_: Backend, data_dir: Path) -> None:
    with sqlite3.connect(data_dir / "davdrive.db") as connection:
        connection.execute("UPDATE drives SET used_bytes = used_bytes + 5")
        connection.execute("UPDATE entries SET name_key = 'wrong' WHERE name = 'small'")
    connection.close()


def _repair(backend: Backend, _: Path) -> None:
    list(check_and_repair(backend))


def _expire(backend: Backend, _: Path) -> None:
    impatient = replace(backend, limits=replace(backend.limits, upload_idle_s=0))
    expire_uploads(impatient, backend.database.read(now_ms) + 60_000)


def _assemble(backend: Backend, _: Path) -> None:
    add_part(backend, SYSTEM, UPLOAD_REF, 2, "2", [LARGE], PartOptions(), Deadline())
    complete(backend, SYSTEM, UPLOAD_REF, None, PutOptions())


def _unhashed(backend: Backend, _: Path) -> int:
    found: int = backend.database.read(
        lambda session: session.value(Statement("SELECT count(*) FROM contents WHERE sha256 IS NULL"))
    )
    return found


def _uploads(backend: Backend, _: Path) -> Any:
    return backend.database.read(lambda session: session.value(Statement("SELECT count(*) FROM uploads")))


def _everything(backend: Backend, _: Path) -> Any:
    return {**tree_of(backend, at()), **tree_of(backend, DrivePath("e"))}


CHORES: dict[str, Chore] = {
    "backup": Chore(_back_up, _newest_backup, always=_every_backup_restores),
    "second backup, and pruning": Chore(
        _back_up_and_prune, _only_backup, prepare=_first_backup, always=_every_backup_restores
    ),
    "restore": Chore(_restore, _tree_in("restored"), prepare=_back_up),
    "import": Chore(_import, lambda b, _: tree_of(b, at("imported")), prepare=_make_folder),
    "export": Chore(_export, _exported, always=_exported_files_are_whole),
    "migrate-store": Chore(_migrate_store, _tree_in("moved")),
    "migration of the schema": Chore(
        lambda _, data_dir: migrate(DatabaseOptions(sqlite_url(data_dir / "old"))), _schema, prepare=_old_schema
    ),
    "first start": Chore(_first_start, _begun),
    "empty trash": Chore(lambda b, _: empty_trash(b, "d", Emptying(versions=True, settle_s=0), AT_ONCE), _everything),
    "foresee": Chore(lambda b, _: foresee(b, AT_ONCE, lambda _: None), _everything),
    "check --repair": Chore(_repair, _everything, prepare=_damage, clean=False),
    "expire uploads": Chore(_expire, _uploads),
    "hash what was assembled": Chore(lambda b, _: fill_digests(b, Deadline()), _unhashed, prepare=_assemble),
}

PLANTED = {
    # An export whose files have their names before they are whole.
    "export, half written": Chore(_export_in_place, _exported, always=_exported_files_are_whole),
}
