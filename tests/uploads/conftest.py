"""A drive on SQLite and on PostgreSQL, with bytes in memory and segments so small that everything has several.

Over the wire: SQLite and local files, and PostgreSQL and S3 through two nodes in turn, so that an upload that begins at
one node goes on and ends at the other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from davdrive.drive.backend import Backend, DriveLimits
from davdrive.drive.open import ensure_drive, open_database, sqlite_url
from davdrive.metadata.caller import SYSTEM
from davdrive.metadata.drives import find_drive, set_quota
from davdrive.metadata.engine import DatabaseOptions
from davdrive.metadata.statement import Statement
from davdrive.objects.content import ContentStore
from davdrive.objects.memory import MemoryStore
from tests.support.peers import Server

SEGMENT_BYTES, INLINE_BYTES = 1000, 100
LIMITS = DriveLimits(
    file_bytes=1_000_000, upload_parts=50, uploads_per_user=20, upload_unit_bytes=4000, patch_merge_bytes=64
)
_USED = Statement("SELECT used_bytes FROM drives WHERE name_key = :name")
_STORED = Statement("""
    SELECT COALESCE((SELECT sum(v.size) FROM versions v JOIN drives d ON d.id = v.drive WHERE d.name_key = :name), 0)
        + COALESCE((SELECT sum(p.length) FROM parts p JOIN uploads u ON u.id = p.upload JOIN drives d ON d.id = u.drive
                    WHERE d.name_key = :name), 0)""")
_REFERENCED = Statement("""
    SELECT object_key FROM segments UNION SELECT object_key FROM parts UNION SELECT object_key FROM doomed""")


@pytest.fixture(scope="session")
def drive_server(either_server: Server) -> Server:
    """The server of a test over the wire."""
    return either_server


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """A backend with the drives `bob` and `alice`, for every database."""
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    store = ContentStore(MemoryStore(), segment_bytes=SEGMENT_BYTES, inline_bytes=INLINE_BYTES)
    backend = Backend(open_database(DatabaseOptions(url)), store, LIMITS)
    for name in ("bob", "alice"):
        ensure_drive(backend, name)
    yield backend
    check_accounts(backend)
    backend.contents.close()
    backend.database.close()


def check_accounts(backend: Backend) -> None:
    """Used bytes are what is stored (P8), and no object is there that no row names (P6)."""
    for name in ("bob", "alice"):
        assert one(backend, _USED, name=name) == one(backend, _STORED, name=name)
    named = {row[0] for row in backend.database.read(lambda session: session.rows(_REFERENCED))} - {""}
    assert {each.key for each in backend.contents.store.list()} == named


def one(backend: Backend, statement: Statement, **parameters: Any) -> Any:
    """The first value of a statement."""
    return backend.database.read(lambda session: session.value(statement, **parameters))


def used_bytes(backend: Backend, drive: str = "bob") -> int:
    """What the drive counts as used."""
    return int(one(backend, _USED, name=drive))


def limit(backend: Backend, quota_bytes: int | None, drive: str = "bob") -> None:
    """Give the drive a quota."""
    backend.database.write(lambda session: set_quota(session, find_drive(session, drive, SYSTEM).id, quota_bytes))
