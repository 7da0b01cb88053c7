"""Import and export of trees as they are: times, files that change, interruptions, what is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from davdrive.deadline import Deadline
from davdrive.drive.names import DrivePath
from davdrive.drive.open import open_backend
from davdrive.metadata.caller import SYSTEM
from davdrive.upkeep.trees import importing
from davdrive.upkeep.trees.events import Outcome, TreeOptions
from davdrive.upkeep.trees.exporting import export_tree
from davdrive.upkeep.trees.importing import import_tree
from davdrive.upkeep.trees.partial import taking_place_of
from tests.cli.conftest import Run


def listed(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size (0 for a folder) and time in ms, as `rsync -n` would list them."""
    return {
        str(path.relative_to(folder)): (
            0 if path.is_dir() else path.lstat().st_size,
            path.lstat().st_mtime_ns // 1_000_000,
        )
        for path in (folder, *folder.rglob("*"))
    }


def test_a_tree_of_odd_things_comes_out_as_diff_and_times_see_it(bob: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    deep = source.joinpath(*(f"d{number}" for number in range(120)))
    deep.mkdir(parents=True)
    names = [
        "u\N{COMBINING DIAERESIS}",
        "n" * 255,
        "back\\slash",
        "CON",
        " lead",
        "trailing. ",
        "#%?&;=",
        "-rf",
        "Case",
        "case",
    ]
    for name in names:
        (source / name).write_bytes(name.encode() * 9)
    (source / "sparse").touch()
    os.truncate(source / "sparse", 3_000_000)
    (deep / "bottom").write_bytes(b"")
    moment = -3_600_123_456_789
    for path in sorted(source.rglob("*"), reverse=True):
        moment += 86_400_123_456_789 * 7
        os.utime(path, ns=(moment, moment))
    os.utime(source, ns=(1_400_000_000_123_456_789,) * 2)
    assert bob("import", str(source), "bob").status == 0
    assert bob("export", "bob", str(out)).status == 0
    assert listed(out) == listed(source)
    assert subprocess.run(["diff", "-r", source, out], check=False).returncode == 0


def test_a_name_that_is_no_utf_8_is_told_as_that(bob: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    Path(os.fsdecode(os.fsencode(source) + b"/\xff")).write_bytes(b"")
    assert "its name is no UTF-8" in bob("import", str(source), "bob").out


def test_a_file_that_changes_while_it_is_read_is_refused(
    bob: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "busy").write_bytes(b"1" * 100)
    monkeypatch.setattr(importing, "BLOCK_BYTES", 10)
    put = importing.put

    def put_meanwhile(
        backend: object, caller: object, path: object, body: object, *rest: object, **more: object
    ) -> object:
        def blocks() -> object:
            for number, block in enumerate(body):  # type: ignore[arg-type, var-annotated]
                if number == 5:
                    (source / "busy").write_bytes(b"2" * 100)
                yield block

        return put(backend, caller, path, blocks(), *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "put", put_meanwhile)
    backend = open_backend(tmp_path / "data")
    told = [event for event in import_tree(backend, SYSTEM, source, DrivePath("bob")) if event.path.endswith("busy")]
    assert [(event.outcome, "changed while it was read" in event.reason) for event in told] == [(Outcome.FAILED, True)]
    backend.close()
    assert bob("export", "bob", str(tmp_path / "out")).status == 0
    assert not (tmp_path / "out" / "busy").exists()


def _replaced_by_a_link(folder: Path, outside: Path) -> None:
    if not folder.is_symlink():
        folder.rename(folder.with_name("away"))
        folder.symlink_to(outside)


@pytest.mark.parametrize("moment", ["_ensure", "_file"])
def test_a_link_that_takes_a_folders_place_in_the_middle_is_not_followed(
    moment: str, bob: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write to the folder would have read anything of the administrator's out of the drive: the link comes
    between the look at the folder and its listing, or between the listing and the opening of its file."""
    inner, outside = tmp_path / "source" / "inner", tmp_path / "outside"
    for folder, words in ((inner, b"fair"), (outside, b"root's secret")):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(words)
    work = getattr(importing, moment)

    def meanwhile(task: object, path: object, *rest: object) -> object:
        if "inner" in str(path):
            _replaced_by_a_link(inner, outside)
        return work(task, path, *rest)

    monkeypatch.setattr(importing, moment, meanwhile)
    backend = open_backend(tmp_path / "data")
    told = {event.path: event.outcome for event in import_tree(backend, SYSTEM, inner.parent, DrivePath("bob"))}
    backend.close()
    assert inner.is_symlink()
    assert bob("export", "bob", str(tmp_path / "out")).status == 0
    found = [path.read_bytes() for path in (tmp_path / "out").rglob("file")]
    assert b"root's secret" not in found
    assert found == [b"fair"] or told[str(inner / "file")] is Outcome.FAILED


def test_an_author_has_to_be_a_user(bob: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    assert "there is no user 'eve'" in bob("import", str(source), "bob", "--as", "eve").err
    assert bob("import", str(source), "bob", "--as", "bob").status == 0


def test_what_a_killed_export_left_is_gone_after_the_next(bob: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    (source / "file").write_bytes(os.urandom(30_000_000))
    bob("import", str(source), "bob")
    words = [sys.executable, "-m", "davdrive", "export", "bob", str(out), "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(words) as process:
        while not list(out.glob(".davdrive-part-*")) and not (out / "file").exists():
            time.sleep(0.001)
        process.kill()
    assert bob("export", "bob", str(out)).status == 0
    assert [path.name for path in out.iterdir()] == ["file"]


STANDS_STILL = """
import os, signal
from davdrive.cli.main import main
from davdrive.upkeep.trees import exporting

sync = exporting.sync

def stand_still(descriptor):
    if os.fstat(descriptor).st_size == 10_000:
        os.kill(os.getpid(), signal.SIGSTOP)
    sync(descriptor)

exporting.sync = stand_still
main()
"""


def test_two_exports_into_one_folder_bring_each_file_once_and_whole(bob: Run, tmp_path: Path) -> None:
    """A process stands still before its file has its name; this one brings the other file, and waits for that."""
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(10_000))
    (source / "small").write_bytes(b"small")
    bob("import", str(source), "bob")
    words = [sys.executable, "-c", STANDS_STILL, "export", "bob", str(out), "--data-dir", str(tmp_path / "data")]
    backend = open_backend(tmp_path / "data")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as other:
        _, state = os.waitpid(other.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(state)

        class Waiting(Deadline):
            def sleep(self, seconds: float) -> None:
                other.send_signal(signal.SIGCONT)
                super().sleep(seconds)

        events = export_tree(backend, SYSTEM, DrivePath("bob"), out, TreeOptions(deadline=Waiting()))
        outcomes = {Path(event.path).name: event.outcome for event in events}
        other.send_signal(signal.SIGCONT)
    backend.close()
    assert other.returncode == 0
    assert outcomes["large"] is Outcome.UNCHANGED
    assert listed(out) == listed(source)
    assert (out / "large").read_bytes() == (source / "large").read_bytes()


@pytest.mark.parametrize("kind", ["symbolic", "hard", "pipe"])
def test_an_export_writes_through_nothing_that_has_the_name_of_a_file_on_its_way(kind: str, tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "out" / "file"
    other.write_bytes(b"somebody's")
    path.parent.mkdir()
    with taking_place_of(path):
        (at,) = path.parent.iterdir()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(at)
    else:
        (at.symlink_to if kind == "symbolic" else at.hardlink_to)(other)
    with taking_place_of(path) as file:
        assert file is not None
        file.write(b"ours")
        with taking_place_of(path) as taken:
            assert taken is None
    assert (path.read_bytes(), other.read_bytes()) == (b"ours", b"somebody's")
    assert list(path.parent.iterdir()) == [path]


def test_a_collection_that_another_import_makes_first_is_no_failure(
    bob: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source" / "inner").mkdir(parents=True)
    make = importing.make_collection

    def overtaken(*arguments: Any) -> Any:
        make(*arguments)
        return make(*arguments)

    monkeypatch.setattr(importing, "make_collection", overtaken)
    said = bob("import", str(tmp_path / "source"), "bob/made")
    assert (said.status, said.err) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_ended_says_so_and_the_next_brings_the_rest(
    bob: Run, tmp_path: Path, number: signal.Signals
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in range(2000):
        (source / str(name)).write_bytes(b"%d" % name)
    words = [
        sys.executable,
        "-m",
        "davdrive",
        "import",
        str(source),
        "bob",
        "--json",
        "--data-dir",
        str(tmp_path / "data"),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert f"ended by {number.name}: not everything was looked at; run it again" in told
    assert "Traceback" not in told
    said = bob("import", str(source), "bob")
    assert said.status == 0
    assert int((re.search(r"([\d,]+) unchanged", said.out) or ["", "0"])[1].replace(",", "")) > 0
    assert bob("check", "--read-data").status == 0
