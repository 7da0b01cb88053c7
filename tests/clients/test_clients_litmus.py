"""litmus: every test of every suite, without a warning."""

import re
from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.support.peers import Peer
from tests.support.programs import needs
from tests.support.serving import USERS
from tests.support.stock import stock_wsgidav

SUITES = ("basic", "copymove", "props", "locks", "http")


def passes_litmus(url: str, folder: Path) -> None:
    litmus = needs("litmus", "litmus")
    printed = run(litmus, url, "bob", USERS["bob"], folder=folder)
    assert re.findall(r"summary for `(\w+)'", printed) == list(SUITES)
    assert re.findall(r"(\d+) failed. ([\d.]+)%", printed) == [("0", "100.0")] * len(SUITES), printed
    assert "warning" not in printed.lower(), printed
    assert "skipped" not in printed.lower(), printed


def test_litmus_passes_on_davdrive_serve(peer: Peer, tmp_path: Path) -> None:
    passes_litmus(peer.bob.url(""), tmp_path)


def test_litmus_passes_on_the_nextcloud_address_of_the_same_drive(peer: Peer, tmp_path: Path) -> None:
    passes_litmus(f"{peer.server.url}/remote.php/dav/files{peer.base}/", tmp_path)


@pytest.mark.parametrize("mount", ["/", "/share"])
def test_litmus_passes_on_stock_wsgidav_with_the_provider(mount: str, tmp_path: Path) -> None:
    with stock_wsgidav(tmp_path / "data", drive_at=mount) as server:
        passes_litmus(f"{server.url}{mount.rstrip('/')}/", tmp_path)
