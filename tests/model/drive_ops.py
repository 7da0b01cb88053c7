"""The operations of the real drive as the machine calls them, without HTTP: `davdrive.drive` itself."""

from davdrive.dav.headers.update_range import UpdateRange
from davdrive.deadline import unlimited
from davdrive.drive.conditions import Conditions, StateCondition, StateList
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.extras import DEAD, LOCKS, Extras, extras_of, list_with_extras
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.patch import patch
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content, read_bytes, stat
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.unlock import refresh, unlock
from davdrive.drive.versions import list_versions
from davdrive.metadata.contents import find_content
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.resources import Resource
from davdrive.metadata.statement import Statement
from tests.model.shapes import Demand, Keys, Look, Place
from tests.model.speaking import conditions_of
from tests.model.upload_ops import UploadOps

_TRASHED = Statement("""
    SELECT max(e.id) FROM entries e JOIN drives d ON d.id = e.drive
    WHERE d.name = :drive AND e.node = :node AND e.until IS NOT NULL""")


class DriveOps(UploadOps):
    """Each operation for a user by name; they raise DriveError kinds."""

    def put(self, who: str, place: Place, body: bytes, demand: Demand) -> str:
        """The new ETag."""
        return put(*self.who(who), _path(place), [body], PutOptions(), conditions_of(demand)).etag

    def patch(self, who: str, place: Place, offset: int, body: bytes, demand: Demand) -> str:
        """The new ETag."""
        where = UpdateRange(first=offset)
        return patch(*self.who(who), _path(place), [body], where.offset, PutOptions(), conditions_of(demand)).etag

    def mkcol(self, who: str, place: Place, demand: Demand) -> None:
        make_collection(*self.who(who), _path(place), conditions_of(demand))

    def delete(self, who: str, place: Place, demand: Demand) -> None:
        delete(*self.who(who), _path(place), conditions_of(demand))

    def copy(self, who: str, source: Place, goal: Place, overwrite: bool, deep: bool, demand: Demand) -> bool:
        """Whether nothing was there."""
        conditions = conditions_of(demand)
        return copy(
            *self.who(who), _path(source), _path(goal), overwrite=overwrite, infinite=deep, conditions=conditions
        ).created

    def move(self, who: str, source: Place, goal: Place, overwrite: bool, demand: Demand) -> bool:
        """Whether nothing was there."""
        conditions = conditions_of(demand)
        return move(*self.who(who), _path(source), _path(goal), overwrite=overwrite, conditions=conditions).created

    def lock(self, who: str, place: Place, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand) -> str:
        """The token."""
        request = LockRequest(exclusive, infinite, None, timeout_s)
        return lock(*self.who(who), _path(place), request, conditions_of(demand)).lock.token

    def refresh(self, who: str, place: Place, token: str, timeout_s: int) -> None:
        conditions = Conditions(if_lists=(StateList((StateCondition(token=token),)),))
        refresh(*self.who(who), _path(place), conditions, timeout_s)

    def unlock(self, who: str, place: Place, token: str) -> None:
        unlock(*self.who(who), _path(place), token)

    def proppatch(self, who: str, place: Place, changes: dict[str, str | None], demand: Demand) -> None:
        patch = PropertyPatch([PropertyChange(PropertyName("urn:t", name), value) for name, value in changes.items()])
        patch_properties(*self.who(who), _path(place), patch, conditions_of(demand))

    def etag(self, who: str, place: Place) -> str:
        return stat(*self.who(who), _path(place)).resource.etag or ""

    def read(self, who: str, place: Place, start: int, stop: int) -> bytes:
        """What there is of a range."""
        content = open_content(*self.who(who), _path(place)).content
        stop = min(stop, content.size)
        return b"".join(read_bytes(self.world.backend, content, min(start, stop), stop, unlimited()))

    def look(self, who: str, place: Place) -> dict[str, Look]:
        """What is shown of a place (under the name "") and of its members."""
        backend, path, found = self.world.backend, _path(place), stat(*self.who(who), _path(place))
        needs = DEAD | LOCKS
        own = _look(found.resource, extras_of(backend, found.drive, path, found.resource, needs))
        if not found.resource.is_collection:
            return {"": own}
        pages = list_with_extras(backend, found.drive, path, found.resource, needs)
        return {"": own} | {each.name: _look(each, extras) for members, extras in pages for each in members}

    def trash(self, who: str, drive: str) -> list[Keys]:
        """The paths of what is in the trash, in order."""
        return sorted(each.path.names for each in list_trash(*self.who(who), drive))

    def restore(self, who: str, drive: str, node: int, goal: Keys | None) -> Keys:
        identity = self.world.backend.database.read(lambda session: session.value(_TRASHED, drive=drive, node=node))
        path = None if goal is None else DrivePath(drive, goal)
        return restore_deleted(*self.who(who), drive, identity, path).names

    def versions(self, who: str, place: Place) -> list[tuple[int, str, int]]:
        """Number, ETag and content of every version, the oldest first."""
        return [(each.id, each.etag, each.content) for each in reversed(list_versions(*self.who(who), _path(place)))]

    def read_content(self, number: int) -> bytes:
        """All bytes of a content."""
        content = self.world.backend.database.read(lambda session: find_content(session, number))
        assert content is not None, "a version names no content"
        return b"".join(read_bytes(self.world.backend, content, 0, content.size, unlimited()))

    def restore_version(self, who: str, place: Place, number: int, demand: Demand) -> str:
        """The new ETag."""
        return restore_version(*self.who(who), _path(place), number, conditions_of(demand)).etag


def _path(place: Place) -> DrivePath:
    return DrivePath(*place)


def _look(resource: Resource, extras: Extras) -> Look:
    dead = frozenset((name.name, value) for name, value in extras.dead.get(resource.node, {}).items())
    locks = frozenset(
        (bool(each.exclusive), bool(each.infinite), tuple(filter(None, each.path_key.split("/"))))
        for each in extras.locks_on(resource)
    )
    return resource.etag, resource.size, dead, locks
