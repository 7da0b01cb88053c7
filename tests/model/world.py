"""The real side of the model: a backend on SQLite or PostgreSQL, bytes in memory, users with roles, a held clock."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from davdrive.drive.backend import Backend
from davdrive.drive.open import sqlite_url
from davdrive.metadata.caller import SYSTEM, Caller
from davdrive.metadata.database import Database
from davdrive.metadata.drives import create_drive, find_drive, set_quota, set_retention
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.migrate import migrate
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user, grant, revoke
from davdrive.objects.base import ObjectStore
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from davdrive.upkeep.emptying import SETTLE_S, Emptying, empty_trash
from davdrive.upkeep.options import UpkeepOptions
from davdrive.upkeep.rounds import run_round
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
UPKEEP = UpkeepOptions(retention_s=3000, request_s=600, grace_s=600)
SEGMENT_BYTES, INLINE_BYTES = 16, 8
"""So small that the contents of the model are of all kinds: inline, one segment, several."""


@dataclass
class World:
    """A backend, who its users are, and the time. `exact_time`: nothing but the clock moves it; `scale`: how many times
    longer everything lasts than the machine says; `jumps`: whether the wall clock can be set apart from it.
    `known_etags`: the content that each ETag ever named."""

    backend: Backend
    clock: Clock
    callers: dict[str, Caller]
    options: DatabaseOptions
    objects: ObjectStore
    exact_time: bool = True
    scale: int = 1
    jumps: bool = True
    known_etags: dict[str, int] = field(default_factory=dict)

    def tick(self) -> None:
        """A millisecond passes, so that no two things happen at once."""
        self.clock.advance(0.001)

    def grant(self, drive: str, who: str, role: int | None) -> None:
        """Give somebody a role, None: take it away."""
        user, number = self.callers[who].user, self._drive(drive)
        assert user is not None
        change = (lambda s: revoke(s, number, user)) if role is None else (lambda s: grant(s, number, user, role))
        self.backend.database.write(change)

    def set_quota(self, drive: str, quota: int | None) -> None:
        number = self._drive(drive)
        self.backend.database.write(lambda session: set_quota(session, number, quota))

    def set_retention(self, drive: str, seconds: int | None) -> None:
        number = self._drive(drive)
        self.backend.database.write(lambda session: set_retention(session, number, seconds))

    def upkeep(self) -> None:
        """A whole round: purge, expired uploads, sweep, doomed objects, checksums."""
        assert run_round(self.backend, self._options(), whole=True, wait_s=5).finished

    def empty_trash(self, drive: str, versions: bool) -> None:
        empty_trash(self.backend, drive, Emptying(versions, SETTLE_S * self.scale), self._options())

    def _options(self) -> UpkeepOptions:
        times = {name: getattr(UPKEEP, name) * self.scale for name in ("retention_s", "request_s", "grace_s")}
        return replace(UPKEEP, **times)

    def _drive(self, name: str) -> int:
        return self.backend.database.read(lambda session: find_drive(session, name, SYSTEM).id)

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
    # The sweep goes by the machine's own clock, which is years later: whatever no row names is old enough to go.
    objects = MemoryStore(lambda: clock.now_ms / 1000)
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
        world.jumps = False
        try:
            yield world
        finally:
            _close(world)
            clock.close()
            self._postgres.drop(url)


class AnyWorlds(Protocol):
    """Makes worlds."""

    def fresh(self) -> AbstractContextManager[World]: ...
