"""What reading for crashes found, each as a plain test: answers that get lost between a commit and who waits for it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from davdrive.cli.first_start import welcome
from davdrive.drive import put as putting
from davdrive.drive.put import PutOptions, put
from davdrive.errors import Locked, Unavailable
from davdrive.metadata import pool
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.statement import Statement
from davdrive.settings import load_settings
from davdrive.upkeep.check import CheckOptions, check
from tests.crash.scene import LARGE, at, build, close_scene, open_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Any]:
    build(tmp_path)
    backend = open_scene(tmp_path)
    yield backend
    close_scene(backend)


def test_bytes_stay_when_the_commit_took_place_and_its_answer_was_lost(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = vars(putting)["transact"]

    def lose_the_answer(*arguments: Any) -> None:
        transact(*arguments)
        raise Unavailable("the metadata went away behind the commit")

    monkeypatch.setattr(putting, "transact", lose_the_answer)
    with pytest.raises(Unavailable):
        put(scene, SYSTEM, at("file"), [LARGE * 2], PutOptions())
    assert [finding.message for finding in check(scene, CheckOptions(read_data=True))] == []


def test_bytes_of_a_refused_write_go_at_once(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise Locked("somebody has it")

    before = len(list(scene.contents.store.list()))
    monkeypatch.setattr(putting, "transact", refuse)
    with pytest.raises(Locked):
        put(scene, SYSTEM, at("file"), [LARGE * 2], PutOptions())
    assert len(list(scene.contents.store.list())) == before


def test_a_commit_that_took_place_is_no_failure_whatever_happens_behind_it(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turnstile = scene.database._writer._turnstile
    passage = turnstile.passage

    @contextlib.contextmanager
    def breaks_on_leaving() -> Iterator[None]:
        with passage():
            yield
        raise OSError("the lock file went away")

    monkeypatch.setattr(turnstile, "passage", breaks_on_leaving)
    put(scene, SYSTEM, at("kept"), [LARGE], PutOptions())
    assert [finding.message for finding in check(scene, CheckOptions(read_data=True))] == []


def test_a_connection_whose_rollback_failed_is_not_lent_again(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool.Borrowed, "rollback", lambda _: None)
    with scene.database.snapshot():
        pass
    monkeypatch.undo()
    put(scene, SYSTEM, at("new"), [LARGE], PutOptions())


def test_a_first_start_that_died_before_it_told_the_password_is_followed_by_one_that_says_how_to_get_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def die(_: str) -> None:
        raise KeyboardInterrupt

    where = {"data_dir": str(tmp_path / "data"), "run_dir": str(tmp_path / "run")}
    settings = load_settings(where, environment={})
    monkeypatch.setattr("click.echo", die)
    with pytest.raises(KeyboardInterrupt):
        welcome(settings)
    monkeypatch.undo()
    welcome(settings)
    assert "davdrive user passwd me" in capsys.readouterr().out


def test_a_transaction_that_breaks_off_leaves_its_connection_outside_of_it(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(BaseException):
        """Nothing that anybody foresaw."""

    def odd(*arguments: Any) -> None:
        raise Odd

    monkeypatch.setattr("davdrive.metadata.writer._alone", odd)
    with pytest.raises(Odd):
        put(scene, SYSTEM, at("new"), [LARGE], PutOptions())
    monkeypatch.undo()
    put(scene, SYSTEM, at("new"), [LARGE], PutOptions())
    with scene.database.snapshot() as session:
        assert session.value(Statement("SELECT count(*) FROM entries WHERE name = 'new'")) == 1
