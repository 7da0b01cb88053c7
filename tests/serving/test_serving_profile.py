"""`davdrive profile` looks at all workers of a live server, and needs no right to trace a process."""

import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from davdrive.observe.flame import flame_graph
from davdrive.observe.sampler import Stacks, collapsed, parsed
from tests.support.commands import davdrive
from tests.support.serving import RunningServer, running_server


class Busy:
    """A load for as long as the block lasts."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]

    def _run(self) -> None:
        client = self._server.client()
        while not self._over.is_set():
            client.do("PROPFIND", "", headers={"Depth": "1"})

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_a_profile_of_both_workers_shows_where_their_time_goes(data_dir: Path, tmp_path: Path) -> None:
    with running_server(data_dir, workers=2) as server, Busy(server):
        told = davdrive("profile", "--seconds", "1.5", "--output", str(tmp_path / "p.txt"), data_dir=data_dir).stdout
        assert "2 processes" in told
        stacks = dict(parsed((tmp_path / "p.txt").read_text()))
        assert 50_000 < sum(stacks.values()) < 6_000_000
        assert any("davdrive.dav.methods.propfind.propfind" in stack for stack in stacks)
        assert not any("observe.sampler" in stack for stack in stacks)
        assert list((data_dir / "run" / "profile").iterdir()) == []


def test_a_flame_graph_is_a_picture_that_browsers_open(data_dir: Path, tmp_path: Path) -> None:
    with running_server(data_dir) as server, Busy(server):
        davdrive("profile", "--seconds", "1", "--output", str(tmp_path / "p.svg"), data_dir=data_dir)
    picture = ElementTree.fromstring((tmp_path / "p.svg").read_text())
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}title"))) > 10


@pytest.mark.parametrize(
    ("arguments", "settings", "part"),
    [
        (("--seconds", "1"), {"DAVDRIVE_PROFILING__ENABLED": "false"}, "no server answers"),
        (("--seconds", "61"), {}, "at most profiling.longest_s, 60"),
        (("--output", "p.pdf"), {}, "must end in .svg or .txt"),
    ],
)
def test_what_cannot_be_done_is_said(
    data_dir: Path, arguments: tuple[str, ...], settings: dict[str, str], part: str
) -> None:
    with running_server(data_dir, settings=settings):
        done = davdrive("profile", *arguments, data_dir=data_dir, check=False)
    assert done.returncode == 1
    assert part in done.stderr


def test_bars_are_as_wide_as_their_share_and_names_are_escaped() -> None:
    picture = flame_graph([("a;b", 3), ("a;c<d>", 1)], "title & more")
    boxes = {
        group.find("{*}title").text.split(":")[0]: float(group.find("{*}rect").get("width"))  # type: ignore[union-attr, arg-type]
        for group in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}g")
    }
    assert boxes == {"all": 1200.0, "a": 1200.0, "b": 900.0, "c<d>": 300.0}


def test_collapsed_stacks_come_back_as_they_were() -> None:
    stacks = Stacks({"a;b": 3, "a;c": 1})
    assert Stacks(dict(parsed(collapsed(stacks)))) == stacks
