"""The real side of the model: a backend on SQLite or PostgreSQL, bytes in memory, users with roles, a held clock."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from davdrive.drive.backend import Backend
from davdrive.drive.open import sqlite_url
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import create_drive
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user, grant
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from tests.model.reference import EDITOR, OWNER, VIEWER, Reference
from tests.model.shapes import Tree
from tests.support.clock import Clock, PostgresClock, libpq_uri
from tests.support.postgres import Postgres

USERS = ("alice", "bob", "carol", "dave")
ROLES = {
    "a": {"alice": OWNER, "bob": EDITOR, "carol": VIEWER},
    "b": {"alice": EDITOR, "bob": EDITOR, "dave": OWNER},
    "c": {"alice": EDITOR, "bob": EDITOR, "carol": EDITOR},
}
QUOTAS = {"a": None, "b": 160, "c": None}
FOLDED = {"c"}
SEGMENT_BYTES, INLINE_BYTES = 16, 8
"""So small that the contents of the model are of all kinds: inline, one segment, several."""


@dataclass
class World:
    """A backend, who its users are, and the time. `exact_time`: nothing but the clock moves it; `scale`: how many times
    longer everything lasts than the machine says."""

    backend: Backend
    clock: Clock
    callers: dict[str, Caller]
    options: DatabaseOptions
    objects: ObjectStore
    exact_time: bool = True
    scale: int = 1

    def reopen(self) -> None:
        """Close the database and open it anew, as a restart would."""
        self.backend.database.close()
        self.backend.contents.close()
        self.backend = _backend(self.options, self.objects)


def reference_of(now_ms: int) -> Reference:
    """The model of a world that was just made."""
    trees = {name: Tree(name, dict(ROLES[name]), name in FOLDED, QUOTAS[name]) for name in ROLES}
    return Reference(trees, now_ms)


def _backend(options: DatabaseOptions, objects: ObjectStore) -> Backend:
    return Backend(Database(options), ContentStore(objects, segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES))


def _populate(session: Session) -> dict[str, Caller]:
    users = {
        name: create_user(session, name, name, "no password", digest_ha1=None, administrator=False) for name in USERS
    }
    return make_drives(session, users)


def make_drives(session: Session, users: dict[str, int]) -> dict[str, Caller]:
    """The drives of the model with their roles; the users as callers."""
    for name, roles in ROLES.items():
        drive = create_drive(
            session, name, name, case_insensitive=name in FOLDED, quota_bytes=QUOTAS[name], retention_s=None
        )
        for who, role in roles.items():
            grant(session, drive, users[who], role)
    return {name: Caller(name, user) for name, user in users.items()}


def _made(options: DatabaseOptions, clock: Clock) -> World:
    objects = MemoryStore()
    backend = _backend(options, objects)
    return World(backend, clock, backend.database.write(_populate), options, objects)


def _close(world: World) -> None:
    world.backend.database.close()
    world.backend.contents.close()


class SqliteWorlds:
    """Fresh worlds on SQLite, each on a copy of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        migrate(DatabaseOptions(sqlite_url(folder / "template")))

    @contextmanager
    def fresh(self) -> Iterator[World]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            for file in (self._folder / "template").glob("*.db"):
                shutil.copy(file, name)
            clock = Clock()
            with clock.held():
                world = _made(DatabaseOptions(sqlite_url(Path(name)), pool_size=2, wait_s=5), clock)
                try:
                    yield world
                finally:
                    _close(world)


class PostgresWorlds:
    """Fresh worlds on PostgreSQL, each in a database of its own."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    @contextmanager
    def fresh(self) -> Iterator[World]:
        url = self._postgres.fresh()
        clock = PostgresClock(uri=libpq_uri(url))
        world = _made(DatabaseOptions(url, pool_size=2, wait_s=5), clock)
        try:
            yield world
        finally:
            _close(world)
            clock.close()
            self._postgres.drop(url)


class AnyWorlds(Protocol):
    """Makes worlds."""

    def fresh(self) -> AbstractContextManager[World]: ...
