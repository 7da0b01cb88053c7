"""What a stranger learns without being told: by how long an answer takes, and by what the database is asked."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from davdrive.auth.accounts import Accounts
from davdrive.auth.known import KnownUsers
from davdrive.auth.passwords import HashCost, Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import MemoryFailures, Rule, Throttle
from davdrive.deadline import Deadline
from davdrive.drive.open import open_database, sqlite_url
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.session import Session
from davdrive.metadata.users import create_user
from tests.support.http import Client
from tests.support.serving import RunningServer

T = TypeVar("T")
ROUNDS = 150
DEPTH = 20
MOST_LONGER = 1.6
"""The walk down twenty names took four times as long as none."""


def test_a_place_in_anothers_drive_takes_as_long_as_one_that_is_not_there(server: RunningServer, bob: Client) -> None:
    path = "d"
    for _ in range(DEPTH):
        path += "/q"
        assert bob.mkcol(path).status == 201
    mallory = server.client("mallory", "")
    there, missing = bob.path(path), "/nob" + bob.path(path).removeprefix("/bob")
    took: dict[str, list[float]] = {there: [], missing: []}
    with mallory.connection() as connection:
        for _ in range(ROUNDS):
            for each, times in took.items():
                began = time.perf_counter()
                assert mallory.on(connection, "GET", each).status == 404
                times.append(time.perf_counter() - began)
    one, other = (statistics.median(each) for each in took.values())
    assert one < MOST_LONGER * other, f"{one * 1e6:.0f} µs where something is, {other * 1e6:.0f} µs where nothing is"


class _Asked(Database):
    """A database that counts what it is asked."""

    reads = 0

    def read(self, work: Callable[[Session], T], deadline: Deadline | None = None) -> T:
        self.reads += 1
        return super().read(work, deadline)


def test_a_wrong_password_asks_as_often_for_a_user_that_is_known_as_for_one_that_is_not(tmp_path: Path) -> None:
    """Where users are remembered to save a round trip, a second guess was faster at a name that somebody has."""
    open_database(DatabaseOptions(sqlite_url(tmp_path))).close()
    database, passwords = _Asked(DatabaseOptions(sqlite_url(tmp_path))), Passwords(HashCost(memory_kib=8, passes=1))
    rule, known = Rule(free=1000, first_s=1, max_s=1, forget_s=1), KnownUsers(60)
    remembered: Remembered[Caller] = Remembered(60, 10)
    accounts = Accounts(database, passwords, remembered, Throttle(MemoryFailures(), rule, rule), known)
    hashed = passwords.hash("right")
    database.write(lambda session: create_user(session, "bob", "bob", hashed, digest_ha1=None, administrator=False))

    def asked(name: str, password: str) -> int:
        before = database.reads
        accounts.verify(name, password, "192.0.2.1")
        return database.reads - before

    assert asked("bob", "right") == 1
    assert asked("bob", "right") == 1, "from now on bob is known"
    assert asked("bob", "right") == 0
    assert [asked(name, "wrong") for name in ("bob", "bob", "nobody", "nobody")] == [1, 1, 1, 1]
    database.close()
