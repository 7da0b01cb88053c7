"""One server for all tests that do not need limits of their own."""

from collections.abc import Iterator

import pytest
from http_rig import RigApp, serving

from davdrive.server.http import DriveServer


@pytest.fixture(scope="session")
def rig_app() -> RigApp:
    return RigApp()


@pytest.fixture(scope="session")
def rig(rig_app: RigApp) -> Iterator[DriveServer]:
    with serving(rig_app) as server:
        yield server
