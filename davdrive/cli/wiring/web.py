"""From settings to what is not WebDAV."""

from davdrive.drive.backend import Backend
from davdrive.metadata.users import all_users
from davdrive.settings import Settings
from davdrive.web.health import health, ready
from davdrive.web.router import Router


def make_router(settings: Settings, backend: Backend) -> Router:
    """What is not WebDAV."""

    def check() -> None:
        backend.database.read(all_users)

    return Router({"/-/health": health, "/-/ready": ready(check)})
