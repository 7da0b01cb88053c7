"""The units as systemd reads them: without a complaint, and hardened."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
MOST_EXPOSED = 2.0
"""systemd calls everything up to 4.9 OK; ours is far below, and is to stay there."""

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="needs systemd-analyze (Debian package systemd)"
)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with a program that exists here, as `verify` looks for it."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS.iterdir():
        (folder / unit.name).write_text(unit.read_text().replace("/usr/bin/davdrive", "/bin/true"))
    return folder


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


def test_systemd_finds_nothing_to_complain_about(units: Path) -> None:
    assert sorted(unit.name for unit in units.iterdir()) == [
        "davdrive-upkeep.service", "davdrive-upkeep.timer", "davdrive.service", "davdrive.socket",
    ]  # fmt: skip
    done = analyze("verify", "--man=no", *(str(unit) for unit in units.iterdir()))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", ["davdrive.service", "davdrive-upkeep.service"])
def test_the_services_are_hardened(units: Path, unit: str) -> None:
    done = analyze("security", "--offline=true", "--no-pager", str(units / unit))
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+) OK", done.stdout)
    assert exposure is not None, done.stdout[-200:]
    assert float(exposure[1]) <= MOST_EXPOSED
