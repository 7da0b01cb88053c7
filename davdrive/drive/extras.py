"""What PROPFIND shows beyond a node's own columns: dead properties, locks, checksums; for a page at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from davdrive.drive.backend import Backend
from davdrive.drive.lock_rules import ancestors, covers
from davdrive.drive.names import DrivePath, name_key
from davdrive.metadata.contents import ask_digests, known_digests
from davdrive.metadata.drives import Drive
from davdrive.metadata.locks import Lock, ask_below, ask_on, path_key
from davdrive.metadata.members import FIRST_PAGE, NEXT_PAGES, Bounds, page_properties, pages
from davdrive.metadata.properties import Properties, ask_properties, by_node
from davdrive.metadata.resources import Resource
from davdrive.metadata.session import Question, Row

LOCKS, DEAD, DIGESTS = 1, 2, 4
"""What to fetch, as bits."""

BELOW = LOCKS << 8
"""The locks below a collection, which go with its members."""


@dataclass(slots=True)
class Extras:
    """By node id: dead properties and digests. `locks`: those whose root is at the collection or above it;
    `below`: the others, by the path key of their root. So a row costs the same, however many locks there are."""

    now_ms: int
    base_keys: tuple[str, ...] = ()
    itself: int | None = None
    case_insensitive: bool = False
    locks: Sequence[Lock] = ()
    below: Mapping[str, Sequence[Lock]] = field(default_factory=dict)
    dead: Mapping[int, Properties] = field(default_factory=dict)
    digests: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.locks and not self.below and not self.dead and not self.digests

    def locks_on(self, resource: Resource) -> list[Lock]:
        """The locks whose scope holds the resource, inherited ones too (RFC 4918 §15.8)."""
        if not self.locks and not self.below:
            return []
        own = () if resource.node == self.itself else (name_key(resource.name, self.case_insensitive),)
        key = path_key((*self.base_keys, *own))
        return [*(lock for lock in self.locks if covers(lock, key)), *self.below.get(key, ())]


def extras_of(backend: Backend, drive: Drive, path: DrivePath, resource: Resource, needs: int) -> Extras:
    """The extras of one resource: no statement where the drive has nothing of the kind, else one round trip."""
    extras = _empty(drive, path, resource.node)
    questions = _own_questions(extras, drive, resource, needs)
    if needs & DIGESTS and resource.content is not None:
        questions[DIGESTS] = ask_digests(resource.content)
    if not questions:
        return extras
    found = backend.database.read(lambda session: session.gather(list(questions.values())))
    answers: dict[int, list[Row]] = dict(zip(questions, found, strict=True))
    key = path_key(extras.base_keys)
    extras.locks = [lock for lock in map(Lock._make, answers.get(LOCKS, ())) if covers(lock, key)]
    extras.dead = by_node(answers.get(DEAD, ()))
    for row in answers.get(DIGESTS, ()):
        extras.digests = {resource.node: known_digests(*row)}
    return extras


def _own_questions(extras: Extras, drive: Drive, resource: Resource, needs: int) -> dict[int, Question]:
    questions: dict[int, Question] = {}
    if needs & LOCKS and drive.has_locks:
        questions[LOCKS] = ask_on(drive.name_key, ancestors(extras.base_keys), drive.lock_ms)
    if needs & DEAD and drive.has_properties:
        questions[DEAD] = ask_properties(drive.id, resource.node)
    return questions


def list_with_extras(
    backend: Backend, drive: Drive, path: DrivePath, collection: Resource, needs: int
) -> Iterator[tuple[list[Resource], Extras]]:
    """The members of a collection as of `drive.revision`, in pages, each with its extras; those of the first page hold
    the collection's own as well."""
    extras = _empty(drive, path, collection.node)
    own = _own_questions(extras, drive, collection, needs)
    if LOCKS in own:
        key = path_key(extras.base_keys)
        own[BELOW] = ask_below(drive.name_key, key, key, drive.lock_ms, backend.limits.locks)

    def beside(bounds: Bounds) -> Sequence[Question]:
        asked = [] if bounds["after"] else list(own.values())
        return [page_properties(bounds), *asked] if DEAD in own else asked

    digests = bool(needs & DIGESTS)
    for page in pages(
        backend.database,
        drive.id,
        collection.node,
        drive.revision,
        digests=digests,
        beside=beside if own else None,
        next_pages=FIRST_PAGE if DEAD in own else NEXT_PAGES,
    ):
        answers = list(page.answers)
        dead = by_node(answers.pop(0)) if DEAD in own else {}
        if answers:
            named = dict(zip(own, answers, strict=True))
            extras.locks = [Lock._make(row) for row in named.get(LOCKS, ())]
            extras.below = _by_root(map(Lock._make, named.get(BELOW, ())))
            dead |= by_node(named.get(DEAD, ()))
        yield page.members, replace(extras, dead=dead, digests=page.digests)


def _by_root(locks: Iterable[Lock]) -> dict[str, list[Lock]]:
    found: dict[str, list[Lock]] = {}
    for lock in locks:
        found.setdefault(lock.path_key, []).append(lock)
    return found


def _empty(drive: Drive, path: DrivePath, itself: int | None) -> Extras:
    folded = bool(drive.case_insensitive)
    return Extras(drive.lock_ms, tuple(name_key(name, folded) for name in path.names), itself, folded)
