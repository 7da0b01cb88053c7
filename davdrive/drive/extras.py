"""What PROPFIND shows beyond a node's own columns: dead properties, locks, checksums; for a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from davdrive.drive.backend import Backend
from davdrive.drive.lock_rules import ancestors, covers
from davdrive.drive.names import DrivePath, name_key
from davdrive.metadata.contents import digests_of
from davdrive.metadata.drives import Drive
from davdrive.metadata.locks import Lock, any_locks, locks_below, locks_on, path_key
from davdrive.metadata.properties import Properties, drive_has_properties, get_properties, member_properties
from davdrive.metadata.resources import Resource
from davdrive.metadata.session import Session

LOCKS, DEAD, DIGESTS = 1, 2, 4
"""What to fetch, as bits."""


@dataclass(slots=True)
class Extras:
    """By node id: dead properties and digests. Locks: those that may cover any of the rows."""

    now_ms: int
    base_keys: tuple[str, ...] = ()
    itself: int | None = None
    case_insensitive: bool = False
    locks: Sequence[Lock] = ()
    dead: Mapping[int, Properties] = field(default_factory=dict)
    digests: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.locks and not self.dead and not self.digests

    def locks_on(self, resource: Resource) -> list[Lock]:
        """The locks whose scope holds the resource, inherited ones too (RFC 4918 §15.8)."""
        if not self.locks:
            return []
        own = () if resource.node == self.itself else (name_key(resource.name, self.case_insensitive),)
        key = path_key((*self.base_keys, *own))
        return [lock for lock in self.locks if covers(lock, key)]


def extras_of(backend: Backend, drive: Drive, path: DrivePath, resource: Resource, needs: int) -> Extras:
    """The extras of one resource."""

    def look(session: Session) -> Extras:
        extras = _empty(drive, path, resource.node)
        if needs & LOCKS and any_locks(session, drive.id):
            found = locks_on(session, drive.id, ancestors(extras.base_keys), drive.time_ms)
            extras.locks = [lock for lock in found if covers(lock, path_key(extras.base_keys))]
        if needs & DEAD:
            dead = get_properties(session, drive.id, resource.node)
            extras.dead = {resource.node: dead} if dead else {}
        if needs & DIGESTS and resource.content is not None:
            extras.digests = digests_of(session, {resource.node: resource.content})
        return extras

    return backend.database.read(look) if needs & (LOCKS | DEAD | DIGESTS) else _empty(drive, path, resource.node)


def page_extras(
    backend: Backend, drive: Drive, path: DrivePath, collection: Resource, page: Sequence[Resource], needs: int
) -> Extras:
    """The extras of one page of the members of a collection."""

    def look(session: Session) -> Extras:
        extras = _empty(drive, path, None)
        if needs & LOCKS and any_locks(session, drive.id):
            key, now = path_key(extras.base_keys), drive.time_ms
            above = locks_on(session, drive.id, ancestors(extras.base_keys), now)
            extras.locks = [*above, *locks_below(session, drive.id, key, now, most=backend.limits.locks)]
        if needs & DEAD and drive_has_properties(session, drive.id):
            extras.dead = member_properties(session, drive.id, [each.node for each in page])
        if needs & DIGESTS:
            extras.digests = digests_of(session, {each.node: each.content for each in page if each.content is not None})
        return extras

    wanted = needs & (LOCKS | DEAD | DIGESTS)
    return backend.database.read(look) if wanted and page else _empty(drive, path, None)


def _empty(drive: Drive, path: DrivePath, itself: int | None) -> Extras:
    folded = bool(drive.case_insensitive)
    return Extras(drive.time_ms, tuple(name_key(name, folded) for name in path.names), itself, folded)
