"""Commands run in this process, as `main` runs them, and a data directory with a user."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from davdrive.cli.main import main


class Said(NamedTuple):
    """What a command answered: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the data directory of this test, or on another."""

    def answer(*arguments: str, stdin: str = "", data_dir: Path | None = None) -> Said:
        where = ["--data-dir", str(data_dir or tmp_path / "data")]
        monkeypatch.setattr(sys, "argv", ["davdrive", *arguments, *where])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        return Said(status, *capsys.readouterr())

    return answer


@pytest.fixture
def bob(run: Run) -> Run:
    """The same, with a user and drive `bob`."""
    assert run("user", "add", "bob", "--password-stdin", stdin="secret\n").status == 0
    return run
