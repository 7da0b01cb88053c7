"""A path resolved: what lives there, what holds it, and the keys by which both are found."""

from dataclasses import dataclass
from typing import Protocol

from davdrive.drive.names import DrivePath, name_key
from davdrive.errors import Forbidden, NotFound, ParentMissing
from davdrive.metadata.caller import Caller
from davdrive.metadata.drives import Drive
from davdrive.metadata.resources import PathKeys, Resource, chain
from davdrive.metadata.session import Session
from davdrive.metadata.tables import EDITOR


class View(Protocol):
    """What judging needs: a transaction has it, and so has a read that only looks whether a change could happen."""

    @property
    def session(self) -> Session: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def now_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Glance:
    """A view that takes no lock: what it finds may be otherwise at commit time."""

    session: Session
    caller: Caller
    now_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """A path as one transaction sees it. `found` are the resources from the root down, as far as they exist. `lookup`:
    its keys for drives of both kinds, `keys`: for this one."""

    drive: Drive
    path: DrivePath
    lookup: PathKeys
    keys: tuple[str, ...]
    found: tuple[Resource, ...]

    @property
    def resource(self) -> Resource | None:
        """What lives there."""
        return self.found[-1] if len(self.found) == len(self.keys) + 1 else None

    @property
    def name_key(self) -> str:
        return self.keys[-1]

    def existing(self) -> Resource:
        """What lives there. Errors: NotFound."""
        if self.resource is None:
            raise NotFound(f"there is nothing at {self.path}")
        return self.resource

    def parent(self) -> Resource:
        """The collection that holds the place or would hold it. Errors: ParentMissing, Forbidden for a root."""
        if not self.keys:
            raise Forbidden("a drive's root cannot be created, replaced, moved or removed")
        if len(self.found) < len(self.keys) or not self.found[len(self.keys) - 1].is_collection:
            raise ParentMissing(f"the collection {self.path.parent} does not exist; create it first")
        return self.found[len(self.keys) - 1]


def path_keys(path: DrivePath) -> PathKeys:
    """The keys of a path, for drives of both kinds."""
    plain = [name_key(name) for name in path.names]
    folded = [name_key(name, case_insensitive=True) for name in path.names]
    return PathKeys(name_key(path.drive), plain, folded)


def find_place(view: View, drive: Drive, path: DrivePath) -> Place:
    """Resolve a path in a drive that the view holds."""
    keys = path_keys(path)
    chosen = keys.folded if drive.case_insensitive else keys.keys
    return Place(drive, path, keys, tuple(chosen), tuple(chain(view.session, keys)))


def require_editor(drive: Drive) -> None:
    """Errors: Forbidden for a caller who may only look."""
    if drive.role < EDITOR:
        raise Forbidden(f"you may read the drive {drive.name} but not change it; its owner can make you an editor")
