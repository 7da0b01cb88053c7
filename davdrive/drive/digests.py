"""Digests that are computed after the fact: when a client asks for one, and SHA-256 of what was put together from
parts (completed uploads, partial updates), which nobody read as a whole on its way in."""

from collections.abc import Collection, Iterator, Mapping

from davdrive.baton import resting
from davdrive.deadline import Deadline
from davdrive.drive.backend import Backend
from davdrive.drive.names import DrivePath
from davdrive.drive.places import require_editor
from davdrive.drive.read import open_content, read_bytes
from davdrive.errors import Damaged
from davdrive.metadata.caller import Caller
from davdrive.metadata.contents import Content, add_digests, find_content
from davdrive.metadata.session import Session
from davdrive.metadata.splices import set_sha256, unhashed_contents
from davdrive.objects.digests import Digester

PAGE = 100
"""Contents that one statement finds."""


def learn_digests(
    backend: Backend, caller: Caller, path: DrivePath, names: Collection[str], deadline: Deadline
) -> Mapping[str, str]:
    """Read the file at `path` where a digest of `names` is not known yet, and keep what was learnt; all that is known
    then, hex by algorithm. Errors: NotFound, NotAllowedHere, Forbidden, BadRequest for an unknown algorithm, Damaged,
    Cancelled."""
    opened = open_content(backend, caller, path)
    require_editor(opened.drive)
    content = opened.content
    known = dict(content.digests) | ({"sha256": content.sha256.hex()} if content.sha256 else {})
    if set(names) <= known.keys():
        return known
    return {**known, **compute_digests(backend, content, names, deadline)}


def compute_digests(
    backend: Backend, content: Content, names: Collection[str], deadline: Deadline
) -> Mapping[str, str]:
    """Read a content, keep its SHA-256 and the digests of `names`, and return them, hex by algorithm."""
    digester = Digester(names)
    blocks = read_bytes(backend, content, 0, content.size, deadline)
    with resting():
        for block in blocks:
            deadline.check()
            digester.update(block)
    found = {name: digest.hex() for name, digest in digester.results().items() if name != "sha256"}

    def keep(session: Session) -> None:
        now = find_content(session, content.id)
        if now is None:
            return
        set_sha256(session, content.id, digester.sha256)
        if found:
            add_digests(session, content.id, {**now.digests, **found})

    backend.database.write(keep, deadline)
    return {**found, "sha256": digester.sha256.hex()}


def fill_digests(backend: Backend, deadline: Deadline) -> tuple[int, int]:
    """Compute the SHA-256 of every content that has none, one after the other; how many, and how many could not be
    read because bytes are missing (`davdrive check` tells whose). For upkeep.

    Errors: Unavailable, Cancelled."""
    filled = damaged = 0
    for content in _unhashed(backend):
        try:
            compute_digests(backend, content, (), deadline)
            filled += 1
        except Damaged:
            damaged += 1
    return filled, damaged


def _unhashed(backend: Backend) -> Iterator[Content]:
    page, last = [0], -1
    while page:
        page = backend.database.read(lambda session, after=last: unhashed_contents(session, after, PAGE))  # type: ignore[misc]
        for identity in page:
            last = identity
            found = backend.database.read(lambda session, identity=identity: find_content(session, identity))  # type: ignore[misc]
            if found is not None:
                yield found
