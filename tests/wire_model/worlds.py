"""Fresh worlds behind one running server: the drives of the model are made before each example and removed after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from davdrive.drive.backend import Backend
from davdrive.drive.open import open_database, sqlite_url
from davdrive.metadata.caller import Caller
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.session import Session
from davdrive.metadata.statement import Statement
from davdrive.metadata.users import all_users
from davdrive.objects.content import ContentStore
from davdrive.objects.local import LocalStore
from tests.model.world import USERS, World, make_drives
from tests.support.clock import Clock
from tests.support.serving import RunningServer
from tests.wire_model.wire_ops import WireWorld

SETTINGS = {"DAVDRIVE_UPKEEP__IN_BACKGROUND": "false"}
"""Of the server: the machine does the upkeep, when it wants."""

SCALE = 20
"""So much longer lasts everything, that the seconds which really pass are nothing beside it."""

_TABLES = ("uploads", "commits", "members", "locks", "properties", "entries", "versions", "nodes")
_OURS = "(SELECT id FROM drives WHERE name IN ('a', 'b', 'c'))"


@dataclass
class ShiftedClock(Clock):
    """Time passes for what is stored: everything becomes so much older."""

    backend: Backend | None = None

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        assert self.backend is not None
        self.backend.database.write(lambda session: _age(session, int(seconds * 1000)))


def _age(session: Session, by_ms: int) -> None:
    session.run(Statement(f"UPDATE locks SET expires_ms = expires_ms - :by WHERE drive IN {_OURS}"), by=by_ms)
    session.run(Statement(f"UPDATE commits SET time_ms = time_ms - :by WHERE drive IN {_OURS}"), by=by_ms)
    session.run(Statement(f"UPDATE uploads SET active_ms = active_ms - :by WHERE drive IN {_OURS}"), by=by_ms)
    session.run(Statement("UPDATE doomed SET after_ms = after_ms - :by"), by=by_ms)


class WireWorlds:
    """Worlds behind `server`, to which requests go by `address` if that is another than its own."""

    def __init__(self, server: RunningServer, address: tuple[str, int] | None = None) -> None:
        self._server = server
        self._address = address or server.address

    @contextmanager
    def fresh(self) -> Iterator[World]:
        options = DatabaseOptions(sqlite_url(self._server.data_dir), pool_size=2)
        store = LocalStore(self._server.data_dir / "objects")
        backend = Backend(open_database(options), ContentStore(store))
        callers = backend.database.write(_make)
        clock = ShiftedClock(backend=backend)
        clients = {name: replace(self._server.client(name, ""), address=self._address) for name in USERS}
        world = WireWorld(
            backend, clock, callers, options, store, exact_time=False, scale=SCALE, jumps=False, clients=clients
        )
        try:
            yield world
        finally:
            world.reopen()
            backend.database.write(_remove)
            backend.database.close()
            backend.contents.close()
            store.close()


def _make(session: Session) -> dict[str, Caller]:
    _remove(session)
    users = {user.name: user.id for user in all_users(session) if user.name in USERS}
    return make_drives(session, users)


def _remove(session: Session) -> None:
    session.run(Statement(f"DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE drive IN {_OURS})"))
    for table in _TABLES:
        session.run(Statement(f"DELETE FROM {table} WHERE drive IN {_OURS}"))
    session.run(Statement("DELETE FROM drives WHERE name IN ('a', 'b', 'c')"))
