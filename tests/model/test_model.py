"""The drive does what its model does, and the machine that compares them can fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from davdrive.drive import guard, lock_clash, put, restore, transfer
from davdrive.drive.uploads import complete
from davdrive.errors import Damaged
from davdrive.metadata import transaction
from davdrive.metadata.drives import Drive
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.tables import OWNER
from davdrive.objects.memory import MemoryStore
from davdrive.upkeep import purge
from tests.model.proof import RULES, Rules, require_proof, table
from tests.model.run import SEED, run, run_until_proof
from tests.model.world import PostgresWorlds, SqliteWorlds
from tests.support.memory_folder import memory_folder
from tests.support.postgres import Postgres

SHORT: Rules = {
    **dict.fromkeys(("put", "delete", "proppatch"), ("NotFound", "PreconditionFailed")),
    **dict.fromkeys(("mkcol", "patch", "copy", "move", "read", "look", "unlock", "versions", "upkeep"), ()),
    **dict.fromkeys(("begin", "add_part", "append", "complete", "restore", "role changed", "reopened"), ()),
}
"""What a short run has to prove; the whole table is for the long one."""

SHORT_SEED = 4
"""With it 24 examples prove that."""


@pytest.fixture
def sqlite_worlds() -> Iterator[SqliteWorlds]:
    with memory_folder() as folder:
        yield SqliteWorlds(folder)


def test_on_sqlite_the_drive_does_what_its_model_does(sqlite_worlds: SqliteWorlds) -> None:
    tally = run_until_proof(sqlite_worlds, 300, 50, begin_with=SEED)
    print(table(tally))
    require_proof(tally)


def test_on_postgresql_the_drive_does_what_its_model_does(postgres: Postgres) -> None:
    tally = run_until_proof(PostgresWorlds(postgres), 24, 40, rules=SHORT, begin_with=SHORT_SEED)
    require_proof(tally, SHORT, RULES)


def _nothing(*arguments: Any, **named: Any) -> None:
    """A promise switched off."""


def _forgets_a_byte(kept: Callable[..., None]) -> Callable[..., None]:
    return lambda self, key, content: kept(self, key, content[:-1])


def _counts_no_replaced_bytes(counted: Callable[..., None]) -> Callable[..., None]:
    return lambda session, drive, used_bytes: counted(session, drive, min(used_bytes, 40))


def _is_always_held(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda lists, state_of: True


def _forgets_what_ended(_: Callable[..., Any]) -> Callable[..., Any]:
    """The version that a write ends is not kept."""
    drop = Statement("DELETE FROM versions WHERE drive = :drive AND node = :node AND until IS NULL")
    return lambda transaction, drive, node, _: transaction.session.run(drop, drive=drive.id, node=node)


def _keeps_one_etag(opened: Callable[..., None]) -> Callable[..., None]:
    return lambda transaction, drive, node, **version: opened(transaction, drive, node, **{**version, "etag": "same"})


def _everybody_edits(take: Callable[..., list[Drive | None]]) -> Callable[..., list[Drive | None]]:
    return lambda session, keys, caller: [drive and replace(drive, role=OWNER) for drive in take(session, keys, caller)]


def _loses_the_last_part(become: Callable[..., None]) -> Callable[..., None]:
    drop = Statement("""
        DELETE FROM parts WHERE upload = :upload AND number = (SELECT max(number) FROM parts WHERE upload = :upload)""")

    def lose(session: Session, upload: str, content: int) -> None:
        session.run(drop, upload=upload)
        become(session, upload, content)

    return lose


def _at_once(_: Callable[..., int]) -> Callable[..., int]:
    return lambda drive, options: drive.time_ms


FAULTS: dict[str, tuple[Any, str, Callable[[Any], Any]]] = {
    "P3: locks are not judged": (guard, "_refuse", lambda _: _nothing),
    "P3: locks that do not go together are granted": (lock_clash, "compatible", lambda _: lambda one, other: True),
    "P4: If-Match is not judged": (guard, "check_write", lambda _: _nothing),
    "P4: the If header is not judged": (guard, "holds", _is_always_held),
    "P4: two contents have one ETag": (put, "open_version", _keeps_one_etag),
    "P5: a collection goes into itself": (transfer, "_check_apart", lambda _: _nothing),
    "P6: an object is shorter than its row says": (MemoryStore, "keep", _forgets_a_byte),
    "P8: large files are counted small": (transaction, "count", _counts_no_replaced_bytes),
    "a quota is not judged": (put, "check_room", lambda _: _nothing),
    "viewers write": (transaction, "take_drives", _everybody_edits),
    "history: what a write ends is not kept": (put, "replace_version", _forgets_what_ended),
    "trash: what is restored keeps no members": (restore, "_put_back", lambda _: _nothing),
    "uploads: a part is lost when they are completed": (complete, "become_content", _loses_the_last_part),
    "retention: what is young enough to keep is purged": (purge, "cutoff_ms", _at_once),
}


def _run_often(worlds: SqliteWorlds) -> None:
    """What is rarest needs some ten thousand steps."""
    for more in range(3):
        run(worlds, 600, 50, begin_with=SEED + more)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_promise_that_is_switched_off_is_noticed(
    sqlite_worlds: SqliteWorlds, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    where, name, spoil = FAULTS[fault]
    monkeypatch.setattr(where, name, spoil(getattr(where, name)))
    with pytest.raises((AssertionError, Damaged)):
        _run_often(sqlite_worlds)


def test_a_run_that_proved_nothing_fails() -> None:
    with pytest.raises(AssertionError, match=r"proved nothing about: .*move: done"):
        require_proof(Counter({"put: done": 1}))


def test_a_refusal_that_no_rule_foresees_fails() -> None:
    with pytest.raises(AssertionError, match="does not know: put: Gone"):
        require_proof(Counter({"put: done": 1, "put: Gone": 1}), {"put": ()})
