"""What the model found, each as a plain test: spellings of one name, locks that expired, and clocks that jump."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.names import DrivePath
from davdrive.drive.read import check_state_lists, list_members, stat
from davdrive.errors import Forbidden, LockConflict, Locked, PreconditionFailed
from davdrive.metadata.database import Database
from davdrive.metadata.statement import Statement
from davdrive.upkeep.emptying import SETTLE_S
from tests.model.drive_ops import DriveOps
from tests.model.shapes import Demand, Place
from tests.model.world import SqliteWorlds, World

FREE = Demand()
FILE: Place = ("a", ("file",))
FOLDER: Place = ("a", ("folder",))
MEMBER: Place = ("a", ("folder", "member"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with SqliteWorlds(tmp_path).fresh() as made:
        yield made


@pytest.fixture
def real(world: World) -> DriveOps:
    ops = DriveOps(world)
    ops.put("bob", FILE, b"old", FREE)
    return ops


def _lock(real: DriveOps, who: str, place: Place, timeout_s: int = 60) -> str:
    return real.lock(who, place, True, False, timeout_s, FREE)


def test_a_copy_onto_another_spelling_of_its_own_name_is_refused_and_the_source_stays(real: DriveOps) -> None:
    composed, decomposed = "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}"
    real.put("bob", ("a", (composed,)), b"1", FREE)
    real.put("bob", ("c", ("name",)), b"2", FREE)
    with pytest.raises(Forbidden):
        real.copy("bob", ("a", (composed,)), ("a", (decomposed,)), True, True, FREE)
    with pytest.raises(Forbidden):
        real.copy("bob", ("c", ("name",)), ("c", ("NAME",)), True, True, FREE)
    assert real.trash("bob", "a") == real.trash("bob", "c") == []


def test_a_listing_that_began_before_a_save_was_finished_still_shows_the_whole_file(
    real: DriveOps, world: World
) -> None:
    """The empty file that Windows writes first is no version, but it was there when the listing began."""
    real.mkcol("bob", ("a", ("folder",)), FREE)
    draft = real.put("bob", ("a", ("folder", "save")), b"", FREE)
    found = stat(world.backend, world.callers["bob"], DrivePath("a", ("folder",)))
    real.put("bob", ("a", ("folder", "save")), b"the document", FREE)
    ((listed,),) = list_members(world.backend, found.drive, found.resource)
    assert (listed.etag, listed.size) == (draft, 0)
    assert len(real.versions("bob", ("a", ("folder", "save")))) == 1


def test_an_expired_lock_is_renewed_by_its_owner_while_nobody_took_or_changed_the_file(
    real: DriveOps, world: World
) -> None:
    token = _lock(real, "alice", FILE)
    world.clock.advance(61)
    real.refresh("alice", FILE, token, 60)
    with pytest.raises(Locked):
        real.put("bob", FILE, b"new", FREE)


def test_an_expired_lock_is_not_renewed_once_somebody_else_had_the_file_locked(real: DriveOps, world: World) -> None:
    token = _lock(real, "alice", FILE)
    world.clock.advance(61)
    other = _lock(real, "bob", FILE)
    with pytest.raises((LockConflict, PreconditionFailed)):
        real.refresh("alice", FILE, token, 60)
    real.unlock("bob", FILE, other)
    with pytest.raises(PreconditionFailed):
        real.refresh("alice", FILE, token, 60)


def test_an_expired_lock_is_not_renewed_over_somebody_elses_change(real: DriveOps, world: World) -> None:
    token = _lock(real, "alice", FILE)
    world.clock.advance(61)
    real.put("bob", FILE, b"bob's", FREE)
    with pytest.raises(PreconditionFailed):
        real.refresh("alice", FILE, token, 60)
    assert real.read("bob", FILE, 0, 9) == b"bob's"


def test_an_expired_lock_on_a_collection_is_not_renewed_over_a_file_that_a_lock_made(
    real: DriveOps, world: World
) -> None:
    real.mkcol("bob", FOLDER, FREE)
    token = _lock(real, "alice", FOLDER)
    world.clock.advance(61)
    real.unlock("bob", MEMBER, _lock(real, "bob", MEMBER))
    with pytest.raises(PreconditionFailed):
        real.refresh("alice", FOLDER, token, 60)


def test_an_expired_lock_on_a_collection_is_not_renewed_when_nobody_remembers_what_happened_since(
    real: DriveOps, world: World
) -> None:
    """Emptying the trash shortens the audit trail."""
    real.mkcol("bob", FOLDER, FREE)
    token = _lock(real, "alice", FOLDER)
    world.clock.advance(61)
    real.put("bob", MEMBER, b"bob's", FREE)
    real.put("alice", FILE, b"alice's", FREE)
    world.clock.advance(SETTLE_S + 1)
    world.empty_trash("a", False)
    with pytest.raises(PreconditionFailed):
        real.refresh("alice", FOLDER, token, 60)


def test_the_versions_of_a_name_do_not_tell_what_became_of_a_file_that_left_it(real: DriveOps) -> None:
    other: Place = ("a", ("other",))
    etag = real.etag("bob", FILE)
    real.move("bob", FILE, other, True, FREE)
    real.put("bob", other, b"written at its new place", FREE)
    assert [each[1] for each in real.versions("bob", FILE)] == [etag]
    assert len(real.versions("bob", other)) == 2


def test_a_lock_on_the_target_is_judged_by_the_targets_clock_and_not_by_the_sources(
    real: DriveOps, world: World
) -> None:
    """A drive that was written to while the machine's clock was an hour ahead must not end another drive's locks."""
    there: Place = ("b", ("there",))
    real.put("bob", there, b"there", FREE)
    ahead = Statement("UPDATE drives SET time_ms = time_ms + 3600000 WHERE name = 'a'")
    world.backend.database.write(lambda session: session.run(ahead))
    _lock(real, "alice", there)
    with pytest.raises(Locked):
        real.copy("bob", FILE, there, True, True, FREE)


def test_a_wall_clock_that_jumps_ahead_does_not_end_a_lock(real: DriveOps, world: World) -> None:
    _lock(real, "alice", FILE)
    world.clock.jump(7200)
    real.put("bob", ("a", ("another",)), b"moves the drive's clock", FREE)
    with pytest.raises(Locked):
        real.put("bob", FILE, b"new", FREE)


def test_a_wall_clock_that_is_set_back_does_not_revive_a_lock(real: DriveOps, world: World) -> None:
    _lock(real, "alice", FILE)
    world.clock.advance(61)
    world.clock.jump(-7200)
    real.put("bob", FILE, b"new", FREE)


def test_a_lock_taken_after_a_jump_lasts_as_long_as_it_was_granted(real: DriveOps, world: World) -> None:
    world.clock.jump(7200)
    real.put("bob", ("a", ("another",)), b"moves the drive's clock", FREE)
    world.clock.jump(-7200)
    _lock(real, "alice", FILE)
    with pytest.raises(Locked):
        real.put("bob", FILE, b"new", FREE)
    world.clock.advance(61)
    real.put("bob", FILE, b"new", FREE)


def test_a_process_that_starts_after_a_jump_agrees_with_one_that_started_before(real: DriveOps, world: World) -> None:
    _lock(real, "alice", FILE)
    world.clock.jump(7200)
    world.reopen()
    with pytest.raises(Locked):
        real.put("bob", FILE, b"new", FREE)


def test_after_a_reboot_the_clock_of_locks_never_stands_before_the_last_grant(
    real: DriveOps, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock(real, "alice", FILE, timeout_s=60)
    world.clock.jump(-86_400)
    monkeypatch.setattr("davdrive.metadata.database.boot_id", lambda: "another boot")
    world.reopen()
    world.clock.advance(61)
    real.put("bob", FILE, b"new", FREE)


def test_without_a_boot_to_tell_the_clock_of_locks_is_the_drives_own(
    real: DriveOps, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("davdrive.metadata.database.boot_id", lambda: None)
    world.backend.database.close()
    database = Database(world.options)
    drives = database.read(lambda session: session.rows(Statement("SELECT steady_ms(time_ms) - time_ms FROM drives")))
    database.close()
    world.reopen()
    assert all(ahead >= 0 for (ahead,) in drives)


def test_a_read_that_names_the_wrong_lock_is_told_412_and_not_that_it_is_locked(real: DriveOps, world: World) -> None:
    """Apache showed it: a lock stands in no reader's way."""
    _lock(real, "alice", FILE)
    conditions = Conditions(if_lists=(StateList((StateCondition(token="urn:uuid:never"),)),))
    with pytest.raises(PreconditionFailed):
        check_state_lists(world.backend, world.callers["bob"], DrivePath(*FILE), conditions)
