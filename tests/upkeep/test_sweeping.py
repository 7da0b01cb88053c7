"""Doomed objects and the sweep: what nobody names goes, what somebody needs or may still name stays."""

import time
from dataclasses import replace

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.errors import Unavailable
from davdrive.metadata.chores import chore
from davdrive.metadata.doomed import count_doomed, doom
from davdrive.upkeep.doom import delete_doomed
from davdrive.upkeep.foresee import foresee
from davdrive.upkeep.options import Tally, UpkeepOptions
from davdrive.upkeep.rounds import run_round
from davdrive.upkeep.sweep import CHORE, FEW_OBJECTS, sweep
from tests.upkeep.conftest import AT_ONCE
from tests.upkeep.upkeep_rig import LARGE, content_of, count, findings, objects_of, remove, sql, strew, upkeep, write

DAY_S = 86_400


def test_objects_that_nobody_names_are_swept_when_they_are_old(backend: Backend) -> None:
    write(backend, "d/file")
    strew(backend, 5)
    sweep(backend, UpkeepOptions(), Tally())
    assert count(backend, "doomed") == 0
    a_day_later = time.time() + DAY_S + 60
    sweep(backend, UpkeepOptions(), Tally(), clock=lambda: a_day_later)
    delete_doomed(backend, UpkeepOptions(), Tally())
    assert len(objects_of(backend)) == 9
    sql(backend, f"UPDATE doomed SET after_ms = after_ms - {DAY_S * 1000}")
    delete_doomed(backend, UpkeepOptions(), Tally())
    assert b"".join(sorted(objects_of(backend).values())) == b"".join(
        sorted(LARGE[at : at + 64] for at in range(0, 200, 64))
    )
    assert content_of(backend, "d/file") == LARGE


def test_no_setting_makes_the_sweep_race_an_upload(backend: Backend) -> None:
    strew(backend, 1)
    hasty = replace(AT_ONCE, sweep_age_s=0, request_s=3600)
    sweep(backend, hasty, Tally(), clock=lambda: time.time() + 7100)
    assert count(backend, "doomed") == 0
    sweep(backend, hasty, Tally(), clock=lambda: time.time() + 7300)
    assert count(backend, "doomed") == 1


def test_a_body_that_is_stored_but_not_named_yet_survives_upkeep(backend: Backend) -> None:
    stored = backend.contents.write([LARGE], Deadline())
    upkeep(backend, replace(AT_ONCE, request_s=60))
    assert {segment.key for segment in stored.segments} <= objects_of(backend).keys()


def test_a_doomed_object_that_has_a_name_is_not_deleted(backend: Backend) -> None:
    write(backend, "d/file")
    backend.database.write(lambda session: doom(session, sorted(objects_of(backend)), 0))
    delete_doomed(backend, AT_ONCE, Tally())
    assert content_of(backend, "d/file") == LARGE
    assert count(backend, "doomed") == 0


def test_a_doomed_object_outlives_the_longest_download(backend: Backend) -> None:
    write(backend, "d/file")
    write(backend, "d/file", b"other")
    patient = replace(AT_ONCE, grace_s=0, request_s=0.4)
    time.sleep(0.45)
    upkeep(backend, patient)
    assert backend.database.read(count_doomed) == (4, 0)
    assert len(objects_of(backend)) == 4
    time.sleep(0.45)
    upkeep(backend, patient)
    assert not objects_of(backend)


def test_when_the_store_is_away_nothing_is_forgotten(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    write(backend, "d/file")
    remove(backend, "d/file")

    def away(key: str) -> None:
        raise Unavailable("the object store does not answer")

    monkeypatch.setattr(backend.contents.store, "delete", away)
    with pytest.raises(Unavailable):
        upkeep(backend, AT_ONCE)
    assert count(backend, "doomed") == 4
    monkeypatch.undo()
    upkeep(backend, AT_ONCE)
    assert not objects_of(backend)
    assert count(backend, "doomed") == 0


def test_a_sweep_that_is_interrupted_goes_on_where_it_was(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("davdrive.upkeep.sweep.PAGE_OBJECTS", 3)
    strew(backend, 10)
    time.sleep(0.01)
    rounds = 0
    while not backend.database.read(lambda session: chore(session, CHORE)).done_ms:
        sweep(backend, AT_ONCE, Tally(), going=iter([True, False]).__next__ if rounds else lambda: False)
        rounds += 1
        assert rounds < 9
    assert count(backend, "doomed") == 10


def test_contents_without_a_version_are_swept(backend: Backend) -> None:
    write(backend, "d/file")
    write(backend, "d/other")
    sql(backend, "DELETE FROM versions WHERE content = 1")
    sql(backend, "UPDATE drives SET used_bytes = used_bytes - 200 WHERE id = 1")
    upkeep(backend, AT_ONCE)
    assert count(backend, "contents") == 1
    assert len(objects_of(backend)) == 4
    assert content_of(backend, "d/other") == LARGE
    assert [message for message in findings(backend) if "file without" not in message] == []


def test_a_store_whose_clock_is_a_week_behind_loses_no_upload_that_is_under_way(backend: Backend) -> None:
    stored = backend.contents.write([LARGE], Deadline())
    patient = replace(AT_ONCE, request_s=60)
    sweep(backend, patient, Tally(), clock=lambda: time.time() + 7 * DAY_S)
    delete_doomed(backend, patient, Tally())
    assert {segment.key for segment in stored.segments} <= objects_of(backend).keys()


def test_an_object_that_got_a_name_after_it_was_doomed_is_kept_for_its_readers_when_that_goes(backend: Backend) -> None:
    write(backend, "d/file")
    backend.database.write(lambda session: doom(session, sorted(objects_of(backend)), 0))
    remove(backend, "d/file")
    upkeep(backend, replace(AT_ONCE, grace_s=60))
    assert len(objects_of(backend)) == 4
    assert backend.database.read(count_doomed) == (4, 0)


def test_a_store_that_the_database_hardly_knows_is_not_swept(backend: Backend) -> None:
    write(backend, "d/file")
    strew(backend, FEW_OBJECTS + 1)
    time.sleep(0.003)
    done = run_round(backend, AT_ONCE, whole=True)
    assert "is it the right one" in done.refused
    assert "is it the right one" in foresee(backend, AT_ONCE, lambda key: None).refused
    assert len(objects_of(backend)) == 4 + FEW_OBJECTS + 1
    upkeep(backend, replace(AT_ONCE, sweep_most=True))
    assert len(objects_of(backend)) == 4


def test_an_object_that_cannot_be_deleted_does_not_hold_up_the_others(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    strew(backend, 20)
    stubborn, delete = min(objects_of(backend)), backend.contents.store.delete

    def refuse(key: str) -> None:
        if key == stubborn:
            raise Unavailable("the object store refuses")
        delete(key)

    monkeypatch.setattr(backend.contents.store, "delete", refuse)
    assert upkeep(backend, AT_ONCE).counts["objects that could not be deleted"] == 1
    assert list(objects_of(backend)) == [stubborn]
    assert backend.database.read(count_doomed) == (1, 0)


def test_a_content_that_cannot_be_read_does_not_hold_up_the_checksums_of_others(backend: Backend) -> None:
    write(backend, "d/one")
    write(backend, "d/two")
    sql(backend, "UPDATE contents SET sha256 = NULL")
    sql(backend, "DELETE FROM segments WHERE content = 1 AND start = 64")
    counts = upkeep(backend, AT_ONCE).counts
    assert counts["checksums computed"] == 1
    assert counts["contents that cannot be read (run davdrive check)"] == 1
