"""The drive does what its model does, and the machine that compares them can fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from davdrive.drive import guard, transfer
from davdrive.errors import Damaged
from davdrive.metadata import transaction
from davdrive.objects.memory import MemoryStore
from tests.model.run import require_proof, run
from tests.model.world import PostgresWorlds, SqliteWorlds
from tests.support.memory_folder import memory_folder
from tests.support.postgres import Postgres

FEWER = ("put done", "copy done", "move done", "delete done", "lock done", "unlock done", "read done", "reopen")


@pytest.fixture
def sqlite_worlds() -> Iterator[SqliteWorlds]:
    with memory_folder() as folder:
        yield SqliteWorlds(folder)


def test_on_sqlite_the_drive_does_what_its_model_does(sqlite_worlds: SqliteWorlds) -> None:
    require_proof(run(sqlite_worlds, 300, 50))


def test_on_postgresql_the_drive_does_what_its_model_does(postgres: Postgres) -> None:
    require_proof(run(PostgresWorlds(postgres), 30, 40), FEWER)


def _nothing(*arguments: Any, **named: Any) -> None:
    """A promise switched off."""


def _forgets_a_byte(kept: Callable[..., None]) -> Callable[..., None]:
    return lambda self, key, content: kept(self, key, content[:-1])


def _counts_no_replaced_bytes(counted: Callable[..., None]) -> Callable[..., None]:
    return lambda session, drive, used_bytes: counted(session, drive, min(used_bytes, 40))


FAULTS: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "P3: locks are not judged": (guard, "_refuse", lambda _: _nothing),
    "P4: If-Match is not judged": (guard, "check_write", lambda _: _nothing),
    "P5: a collection goes into itself": (transfer, "_check_apart", lambda _: _nothing),
    "P6: an object is shorter than its row says": (MemoryStore, "keep", _forgets_a_byte),
    "P8: large files are counted small": (transaction, "count", _counts_no_replaced_bytes),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_promise_that_is_switched_off_is_noticed(
    sqlite_worlds: SqliteWorlds, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    where, name, spoil = FAULTS[fault]
    monkeypatch.setattr(where, name, spoil(getattr(where, name)))
    with pytest.raises((AssertionError, Damaged)):
        run(sqlite_worlds, 300, 50)


def test_a_run_that_proved_nothing_fails() -> None:
    with pytest.raises(AssertionError, match=r"proved nothing about: .*move done"):
        require_proof(Counter({"put done": 1}))
