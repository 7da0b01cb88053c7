"""From settings to parts: the one place that puts the rooms together, one file a room."""

from davdrive.cli.wiring.auth import authentication, digest_secret, make_accounts, make_passwords
from davdrive.cli.wiring.closing import closed_in_the_end
from davdrive.cli.wiring.dav import dav_options, make_app
from davdrive.cli.wiring.drive import drive_limits, make_backend
from davdrive.cli.wiring.metadata import database_options, make_database
from davdrive.cli.wiring.objects import object_options
from davdrive.cli.wiring.server import server_limits
from davdrive.cli.wiring.web import make_router

__all__ = [
    "authentication",
    "closed_in_the_end",
    "database_options",
    "dav_options",
    "digest_secret",
    "drive_limits",
    "make_accounts",
    "make_app",
    "make_backend",
    "make_database",
    "make_passwords",
    "make_router",
    "object_options",
    "server_limits",
]
