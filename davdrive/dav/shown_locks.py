"""Lock rows as clients see them."""

from davdrive.dav.request import Request
from davdrive.dav.urls import encode_name
from davdrive.dav.xml.active_lock import ActiveLock
from davdrive.drive.names import DrivePath
from davdrive.metadata.locks import Lock
from davdrive.metadata.tables import COLLECTION


def active_lock(request: Request, drive: str, lock: Lock, now_ms: int, kind: int | None = None) -> ActiveLock:
    """The activelock of a lock row. Tokens are shown to all who may read (RFC 4918 §6.8 permits it and clients need
    it to recover): knowing one is no right, since only its holder may use it."""
    return ActiveLock(
        token=lock.token,
        exclusive=bool(lock.exclusive),
        infinite_depth=bool(lock.infinite),
        root_href=lock_root_href(request, drive, lock.names, kind == COLLECTION),
        timeout_s=max(0, (lock.expires_ms - now_ms) // 1000),
        owner_xml=lock.owner_xml,
    )


def lock_root_href(request: Request, drive: str, names: tuple[str, ...], is_collection: bool = False) -> str:
    """The href of a lock root."""
    if not names:
        return request.locator.base_href(DrivePath(drive))
    base = request.locator.base_href(DrivePath(drive, names[:-1]))
    return base + encode_name(names[-1]) + ("/" if is_collection else "")
