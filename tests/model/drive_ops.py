"""The operations of the real drive as the machine calls them, without HTTP: `davdrive.drive` itself."""

from typing import Any

from davdrive.deadline import unlimited
from davdrive.drive.conditions import AnyTag, Conditions, EntityTag, StateCondition, StateList
from davdrive.drive.copying import copy
from davdrive.drive.delete import delete
from davdrive.drive.lock import LockRequest, lock
from davdrive.drive.mkcol import make_collection
from davdrive.drive.move import move
from davdrive.drive.names import DrivePath
from davdrive.drive.proppatch import PropertyChange, PropertyPatch, patch_properties
from davdrive.drive.put import PutOptions, put
from davdrive.drive.read import open_content, read_bytes, stat
from davdrive.drive.restore import restore_deleted, restore_version
from davdrive.drive.trash import list_trash
from davdrive.drive.unlock import refresh, unlock
from davdrive.drive.versions import list_versions
from davdrive.errors import DriveError
from davdrive.metadata.properties import PropertyName
from davdrive.metadata.statement import Statement
from tests.model.shapes import Demand, Keys
from tests.model.world import World

Place = tuple[str, Keys]
NO_LOCK = "DAV:no-lock"
_TRASHED = Statement("""
    SELECT max(e.id) FROM entries e JOIN drives d ON d.id = e.drive
    WHERE d.name = :drive AND e.node = :node AND e.until IS NOT NULL""")


class DriveOps:
    """Each operation for a user by name; they raise DriveError kinds."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _who(self, who: str) -> tuple[Any, Any]:
        return self.world.backend, self.world.callers[who]

    def put(self, who: str, place: Place, body: bytes, demand: Demand) -> str:
        """The new ETag."""
        return put(*self._who(who), _path(place), [body], PutOptions(), conditions_of(demand)).etag

    def mkcol(self, who: str, place: Place, demand: Demand) -> None:
        make_collection(*self._who(who), _path(place), conditions_of(demand))

    def delete(self, who: str, place: Place, demand: Demand) -> None:
        delete(*self._who(who), _path(place), conditions_of(demand))

    def copy(self, who: str, source: Place, goal: Place, overwrite: bool, deep: bool, demand: Demand) -> bool:
        """Whether nothing was there."""
        conditions = conditions_of(demand)
        return copy(
            *self._who(who), _path(source), _path(goal), overwrite=overwrite, infinite=deep, conditions=conditions
        ).created

    def move(self, who: str, source: Place, goal: Place, overwrite: bool, demand: Demand) -> bool:
        """Whether nothing was there."""
        conditions = conditions_of(demand)
        return move(*self._who(who), _path(source), _path(goal), overwrite=overwrite, conditions=conditions).created

    def lock(self, who: str, place: Place, exclusive: bool, infinite: bool, timeout_s: int, demand: Demand) -> str:
        """The token."""
        request = LockRequest(exclusive, infinite, None, timeout_s)
        return lock(*self._who(who), _path(place), request, conditions_of(demand)).lock.token

    def refresh(self, who: str, place: Place, token: str, timeout_s: int) -> None:
        conditions = Conditions(if_lists=(StateList((StateCondition(token=token),)),))
        refresh(*self._who(who), _path(place), conditions, timeout_s)

    def unlock(self, who: str, place: Place, token: str) -> None:
        unlock(*self._who(who), _path(place), token)

    def proppatch(self, who: str, place: Place, changes: dict[str, str | None], demand: Demand) -> None:
        patch = PropertyPatch([PropertyChange(PropertyName("urn:t", name), value) for name, value in changes.items()])
        patch_properties(*self._who(who), _path(place), patch, conditions_of(demand))

    def etag(self, who: str, place: Place) -> str:
        return stat(*self._who(who), _path(place)).resource.etag or ""

    def read(self, who: str, place: Place, start: int, stop: int) -> bytes:
        found = open_content(*self._who(who), _path(place))
        return b"".join(read_bytes(self.world.backend, found.content, start, stop, unlimited()))

    def trash(self, who: str, drive: str) -> list[Keys]:
        """The paths of what is in the trash."""
        return [each.path.names for each in list_trash(*self._who(who), drive)]

    def restore(self, who: str, drive: str, node: int, goal: Keys | None) -> Keys:
        identity = self.world.backend.database.read(lambda session: session.value(_TRASHED, drive=drive, node=node))
        path = None if goal is None else DrivePath(drive, goal)
        return restore_deleted(*self._who(who), drive, identity, path).names

    def versions(self, who: str, place: Place) -> list[tuple[int, str]]:
        """Number and ETag of every version, the oldest first."""
        return [(each.id, each.etag) for each in reversed(list_versions(*self._who(who), _path(place)))]

    def restore_version(self, who: str, place: Place, number: int, demand: Demand) -> str:
        """The new ETag."""
        return restore_version(*self._who(who), _path(place), number, conditions_of(demand)).etag


def kinds_of(error: DriveError) -> set[str]:
    """What an error may be called: its kind, or all those that an HTTP status stands for."""
    kinds: set[str] = getattr(error, "kinds", {type(error).__name__})
    return kinds


def conditions_of(demand: Demand) -> Conditions:
    """A demand as the drive's values. Tokens that are only submitted stand beside a list that always holds."""
    lists = [StateList((StateCondition(token=token),)) for token in sorted(demand.tokens)]
    if demand.tokens and not demand.strict:
        lists.append(StateList((StateCondition(token=NO_LOCK, negated=True),)))
    return Conditions(_tags(demand.if_match), _tags(demand.if_none_match), if_lists=tuple(lists))


def _tags(tag: str | None) -> tuple[EntityTag, ...] | AnyTag | None:
    return AnyTag() if tag == "*" else None if tag is None else (EntityTag(tag),)


def _path(place: Place) -> DrivePath:
    return DrivePath(*place)
