"""What asks for a server here runs on SQLite and local files, and on PostgreSQL and S3 through two nodes in turn.

A test that starts servers of its own is about what a machine has: its disk, its processes, its memory.
"""

import pytest

from tests.support.peers import Server


@pytest.fixture(scope="session")
def drive_server(either_server: Server) -> Server:
    """The server of a test."""
    return either_server
