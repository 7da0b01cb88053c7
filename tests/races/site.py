"""What operations need in a process of their own: a backend, and callers by name."""

from pathlib import Path

from davdrive.drive.backend import Backend
from davdrive.metadata.caller import Caller
from davdrive.metadata.database import Database
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.users import find_user
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from tests.model.world import INLINE_BYTES, SEGMENT_BYTES

NOBODY = 0


class Callers(dict[str, Caller]):
    """Looked up when they are first asked for, since users come and go."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def __missing__(self, name: str) -> Caller:
        user = self._database.read(lambda session: find_user(session, name))
        if user is None:
            return Caller(name, NOBODY)
        self[name] = Caller(user.name, user.id)
        return self[name]


class Site:
    """A backend over a database and a folder of objects."""

    def __init__(self, url: str, objects: Path) -> None:
        contents = ContentStore(LocalStore(objects), segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
        self.backend = Backend(Database(DatabaseOptions(url, pool_size=4, wait_s=10)), contents)
        self.callers = Callers(self.backend.database)

    def close(self) -> None:
        self.backend.close()
