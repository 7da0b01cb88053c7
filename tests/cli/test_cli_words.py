"""What commands say when something is wrong, and their help: one sentence, no traceback, nothing made by mistake."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from davdrive.cli.main import cli, ended_at_once
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        "user list",
        "user passwd bob --password-stdin",
        "user remove bob",
        "drive list",
        "drive grant photos bob viewer",
        "drive quota bob none",
        "drive retention bob 5",
        "app-password add bob phone",
        "app-password list bob",
        "app-password remove bob 1",
        "lock list",
        "lock break /bob/file",
        "trash list bob",
        "versions /bob/file",
        "uploads list",
        "uploads drop --all",
        "export bob out",
    ],
)
def test_a_mistyped_data_directory_is_told_and_not_made(words: str, run: Run, tmp_path: Path) -> None:
    said = run(*words.split(), stdin="secret\n", data_dir=tmp_path / "mistyped")
    assert (said.status, said.out) == (1, "")
    assert "there is no davdrive at" in said.err
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("drive retention bob 36501", "at most 36,500"),
        ("drive retention bob ²", "a number of days"),
        ("drive quota bob ²M", "is no size"),
        ("drive quota bob 8388608T", "more than a database can count"),
        ("drive quota bob 99999999999999999999999", "is no size"),
        ("trash restore bob 9223372036854775808", "not in the range"),
        ("versions /bob/file --restore 9223372036854775808", "not in the range"),
        ("app-password remove bob 9223372036854775808", "not in the range"),
        ("app-password add bob phone --days 36501", "not in the range"),
        ("trash list ann", "there is no drive 'ann'; davdrive drive list shows them"),
        ("versions /ann/file", "there is no drive 'ann'; davdrive drive list shows them"),
        ("export ann out", "there is no drive 'ann'; davdrive drive list shows them"),
        ("import . ann", "there is no drive 'ann'; davdrive drive list shows them"),
        ("config show nonsense", "no option begins with 'nonsense'"),
        ("export bob /dev/null", "/dev/null: File exists"),
        ("backup /dev/null/there", "Not a directory; check /dev/null/there"),
        ("backup ftp://there/", "ftp://there/ names no store"),
        ("migrate-store --to-metadata there", "--to-metadata is not a database URL"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: str, sentence: str, bob: Run) -> None:
    said = bob(*words.split())
    assert said.status in (1, 2)
    assert sentence in said.err


def test_the_largest_numbers_are_taken(bob: Run) -> None:
    assert bob("drive", "retention", "bob", "36500").status == 0
    assert bob("drive", "quota", "bob", "8388607T").status == 0
    assert bob("app-password", "add", "bob", "phone", "--days", "36500").status == 0
    (device,) = map(json.loads, bob("app-password", "list", "bob", "--json").lines)
    assert device["expires"].startswith("21")
    (drive,) = map(json.loads, bob("drive", "list", "--json").lines)
    assert drive == {"name": "bob", "used": 0, "quota": 8388607 << 40, "members": {"bob": "owner"}}
    (user,) = map(json.loads, bob("user", "list", "--json").lines)
    assert (user["name"], user["administrator"]) == ("bob", False)


def test_a_password_that_is_too_long_changes_nothing(bob: Run) -> None:
    said = bob("user", "passwd", "bob", "--password-stdin", stdin="x" * 1025 + "\n")
    assert (said.status, said.err) == (1, "davdrive: a password may have at most 1024 bytes in UTF-8\n")


def test_ctrl_c_ends_the_program_at_once_while_it_loads_and_never_undoes_a_handler() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ended_at_once():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with ended_at_once():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def helps(command: click.Command, context: click.Context) -> Iterator[str]:
    yield command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below, click.Context(below, context, info_name=name, terminal_width=80))


def test_no_help_is_cut_short_and_every_option_has_one() -> None:
    for text in helps(cli, click.Context(cli, info_name="davdrive", terminal_width=80)):
        assert "...\n" not in text.partition("\n")[2]
        options = text.partition("Options:\n")[2].partition("\n\n")[0].splitlines()
        assert all(len(line.split("  ")) > 2 or line.startswith("    ") for line in options), text
