"""cadaver, scripted: puts, edits under a lock, copies, moves, properties, locks."""

from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.support.dav import names_in, take_lock
from tests.support.http import Client
from tests.support.programs import needs
from tests.support.serving import USERS

# It writes, tries a PUT as somebody else, and sets a time of later, since cadaver uploads what looks changed.
EDITOR = """#!/bin/sh
echo "edited under lock" >> "$1"
touch -d "+1 minute" "$1"
curl -s -K alice.curl > tried
"""
AS_ALICE = """user = "alice:{password}"
url = "{url}"
upload-file = "local.txt"
output = "/dev/null"
write-out = "%{{http_code}}"
"""


class Cadaver:
    """One session a call."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.program = needs("cadaver", "cadaver")
        self.client = client
        self.folder = folder
        secrets = folder / ".netrc"
        secrets.write_text(f'machine {client.address[0]}\nlogin {client.user}\npassword "{client.password}"\n')
        secrets.chmod(0o600)

    def __call__(self, *commands: str) -> str:
        """Type commands; what cadaver said."""
        script = "\n".join([*commands, "quit", ""])
        return run(self.program, self.client.url(""), folder=self.folder, stdin=script, timeout_s=60)


@pytest.fixture
def cadaver(bob: Client, tmp_path: Path) -> Cadaver:
    (tmp_path / "local.txt").write_text("first line\n")
    return Cadaver(bob, tmp_path)


def test_cadaver_puts_copies_moves_and_deletes(cadaver: Cadaver, bob: Client, tmp_path: Path) -> None:
    said = cadaver(
        "mkcol folder", "cd folder", "put local.txt", "copy local.txt copied.txt", "move copied.txt moved.txt",
        "mkcol sub", "copy moved.txt sub", "get moved.txt back.txt", "delete local.txt", "ls", "rmcol sub",
    )  # fmt: skip
    assert "failed" not in said
    assert said.count("succeeded.") == 10
    assert (tmp_path / "back.txt").read_text() == "first line\n"
    assert names_in(bob, "folder/") == {"moved.txt"}


def test_cadaver_edits_under_a_lock_that_keeps_others_out(cadaver: Cadaver, bob: Client, tmp_path: Path) -> None:
    needs("curl", "curl")
    editor = tmp_path / "editor.sh"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    (tmp_path / "alice.curl").write_text(AS_ALICE.format(password=USERS["alice"], url=bob.url("local.txt")))
    said = cadaver(f"set editor {editor}", "put local.txt", "edit local.txt")
    assert "Locking `local.txt': succeeded." in said
    assert "Unlocking `local.txt': succeeded." in said
    assert "failed" not in said
    assert bob.get("local.txt").text == "first line\nedited under lock\n"
    assert (tmp_path / "tried").read_text() == "423"
    assert take_lock(bob, "local.txt").status == 200


def test_cadaver_sets_and_reads_properties(cadaver: Cadaver) -> None:
    said = cadaver(
        "put local.txt", "propset local.txt colour red", "propget local.txt colour", "propnames local.txt",
        "propdel local.txt colour", "propget local.txt colour",
    )  # fmt: skip
    assert "Value of colour is: red" in said
    assert "http://webdav.org/cadaver/custom-properties/ colour" in said
    assert said.count("Value of colour is") == 1
    assert "DAV: supportedlock" in said


def test_cadaver_learns_who_holds_a_lock(cadaver: Cadaver, alice: Client, bob: Client) -> None:
    bob.put("f", b"x")
    token = take_lock(alice, "f").token
    said = cadaver("lock f", "discover f")
    assert "Locking `f': failed" in said
    assert "423 Locked" in said
    assert f"<{token}>" in said
    assert "Owner: alice" in said


def test_cadaver_holds_a_lock_on_a_tree_and_works_inside_it(cadaver: Cadaver, alice: Client) -> None:
    said = cadaver(
        "mkcol folder", "set lockdepth infinity", "lock folder", "cd folder", "put local.txt", "mkcol sub",
        "move local.txt sub", "showlocks", "cd ..", "unlock folder",
    )  # fmt: skip
    assert "failed" not in said
    assert "Depth infinity" in said
    assert names_in(alice, "folder/sub/") == {"local.txt"}
