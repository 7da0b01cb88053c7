"""A secret that was taken away opens nothing any more, however lately it was verified; one that stays costs what the
settings say."""

from pathlib import Path

import pytest

from davdrive.auth.accounts import Accounts
from davdrive.auth.passwords import HashCost, Passwords
from davdrive.auth.remember import Remembered
from davdrive.auth.throttle import MemoryFailures, Rule, Throttle
from davdrive.cli.accounts import add_user
from davdrive.drive.open import open_database
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.users import (
    add_app_password,
    find_user,
    remove_app_password,
    renew_hash,
    set_app_password_hash,
)

ADDRESS = "192.0.2.1"
PASSWORDS = Passwords(HashCost(memory_kib=8, passes=1))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'metadata.db'}" if sqlite else request.getfixturevalue("postgres_url")
    return open_database(DatabaseOptions(url))


def device_of(database: Database, user: int, secret: str) -> int:
    made = database.write(lambda session: add_app_password(session, user, "phone", "", None))
    hashed = PASSWORDS.hash(f"{made}-{secret}")
    database.write(lambda session: set_app_password_hash(session, made, hashed))
    return made


def test_a_revoked_app_password_is_not_remembered_and_not_taken_for_the_one_after_it(database: Database) -> None:
    add_user(database, PASSWORDS, "bob", "own")
    bob = database.read(lambda session: find_user(session, "bob"))
    assert bob is not None
    rule = Rule(1000, 1, 1, 60)
    accounts = Accounts(database, PASSWORDS, Remembered(300, 100), Throttle(MemoryFailures(), rule, rule))

    def lets_in(password: str) -> bool:
        return accounts.verify("bob", password, ADDRESS) is not None

    first = device_of(database, bob.id, "first")
    assert lets_in(f"{first}-first")
    database.write(lambda session: remove_app_password(session, bob.id, first))
    second = device_of(database, bob.id, "second")  # SQLite may give it the number of the one that went
    assert not lets_in(f"{first}-first")
    assert lets_in(f"{second}-second")
    assert lets_in("own")
    database.close()


def test_a_password_that_was_hashed_at_less_cost_is_hashed_anew_when_it_comes(database: Database) -> None:
    rule, dearer = Rule(1000, 1, 1, 60), Passwords(HashCost(memory_kib=16, passes=1))
    add_user(database, PASSWORDS, "bob", "own")

    def lets_in(password: str) -> bool:
        accounts = Accounts(database, dearer, Remembered(300, 100), Throttle(MemoryFailures(), rule, rule))
        return accounts.verify("bob", password, ADDRESS) is not None

    def kept() -> str:
        bob = database.read(lambda session: find_user(session, "bob"))
        return "" if bob is None else bob.password_hash

    before = kept()
    assert not lets_in("wrong")
    assert kept() == before
    assert lets_in("own")
    renewed = kept()
    assert "m=16," in renewed
    assert lets_in("own")
    assert kept() == renewed
    database.write(lambda session: renew_hash(session, 1, before, "of a password that was changed meanwhile"))
    assert kept() == renewed
    database.close()
