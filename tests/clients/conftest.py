"""Every real client is run against SQLite and local files, and against PostgreSQL and S3 through two nodes in turn."""

import pytest

from tests.support.peers import Server


@pytest.fixture(scope="session")
def drive_server(either_server_by_requests: Server) -> Server:
    """The server of a test."""
    return either_server_by_requests
